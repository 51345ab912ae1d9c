-- Whose the ends of ranges are (rule J2): this group's own, once a machine has taken it, and those that were cut off it.
-- `holder` is the postcard of a Holder, `birth` that of the Birth by which the end came to be; NULL at an end that was
-- there when the ring was founded.
CREATE TABLE range_end (slot INTEGER PRIMARY KEY, holder BLOB NOT NULL, birth BLOB);
