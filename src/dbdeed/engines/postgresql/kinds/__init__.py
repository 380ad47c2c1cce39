"""Every kind of PostgreSQL object, one file each, in the order in which they are read.

A kind's file has its frozen struct; `read`, which adds what one set-based query finds; the functions that
write it; and `KINDS`. To add one, write its file and name it here.
"""
