"""Database systems behind one seam.

`catalog`, `change` and `seam` hold what the packages share; `compare` finds what differs between two catalogs
by way of each engine's kinds; `registry` knows which package serves which system. Nothing outside this room
asks which engine it has.
"""
