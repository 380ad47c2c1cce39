CREATE TABLE authors (
    id INTEGER PRIMARY KEY,
    email TEXT NOT NULL UNIQUE,
    nickname TEXT UNIQUE,
    name TEXT NOT NULL,
    mentor_id INTEGER REFERENCES authors (id),
    active BOOLEAN NOT NULL DEFAULT 1,
    rating NUMERIC(6,2),
    score REAL,
    born DATE,
    wakes TIME,
    token UUID NOT NULL DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    shout TEXT GENERATED ALWAYS AS (upper(name)) STORED,
    joined_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT '2000-01-01 00:00:00',
    deleted_at TIMESTAMPTZ,
    version INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE profiles (
    author_id INTEGER NOT NULL PRIMARY KEY REFERENCES authors (id) ON DELETE CASCADE,
    bio TEXT NOT NULL,
    settings JSON NOT NULL DEFAULT '{}',
    photo BLOB
);
CREATE TABLE documents (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'open', 'closed for good')),
    author_id INTEGER NOT NULL REFERENCES authors (id),
    reviewer_id INTEGER REFERENCES authors (id),
    price NUMERIC(12,2) NOT NULL DEFAULT 0 CONSTRAINT documents_price_check CHECK (price >= 0),
    meta JSON,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, title)
);
CREATE TABLE paragraphs (
    id UUID NOT NULL PRIMARY KEY DEFAULT (lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))),
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    place INTEGER NOT NULL,
    body TEXT NOT NULL DEFAULT '',
    quoted_tenant TEXT,
    quoted_number INTEGER,
    lock_version INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (tenant, number) REFERENCES documents (tenant, number) ON DELETE CASCADE,
    FOREIGN KEY (quoted_tenant, quoted_number) REFERENCES documents (tenant, number),
    UNIQUE (tenant, number, place)
);
CREATE TABLE labels (code TEXT NOT NULL PRIMARY KEY, note TEXT, modified_at TIMESTAMP, deleted_at TIMESTAMP);
CREATE TABLE document_labels (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    label_code TEXT NOT NULL REFERENCES labels (code),
    PRIMARY KEY (tenant, number, label_code),
    FOREIGN KEY (tenant, number) REFERENCES documents (tenant, number) ON DELETE CASCADE
);
CREATE TABLE followers (
    author_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    follower_id INTEGER NOT NULL REFERENCES authors (id) ON DELETE CASCADE,
    PRIMARY KEY (author_id, follower_id)
);
CREATE TABLE events (happened_at TIMESTAMP NOT NULL, kind TEXT, deleted_at TIMESTAMP);
CREATE TABLE blobs (digest BLOB NOT NULL PRIMARY KEY, size INTEGER NOT NULL);
CREATE TABLE blob_notes (id INTEGER PRIMARY KEY, digest BLOB REFERENCES blobs (digest), note TEXT);
CREATE TABLE "the ""odd"" {one}" (
    "limit" INTEGER PRIMARY KEY,
    "Order" TEXT,
    "after" TEXT,
    "first" TEXT,
    "select" TEXT NOT NULL DEFAULT 'x',
    "{brace}" TEXT UNIQUE,
    UNIQUE ("select", "Order")
);
CREATE TABLE tickets (id INTEGER PRIMARY KEY);
CREATE TABLE places (name TEXT NOT NULL COLLATE NOCASE PRIMARY KEY);
CREATE TABLE visits (id INTEGER PRIMARY KEY, place TEXT NOT NULL COLLATE NOCASE REFERENCES places (name));
