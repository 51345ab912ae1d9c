-- Whom the person wants to find again, under a name of their own. What is removed stays as a row, so that another device learns of it.
CREATE TABLE contact (
    account INTEGER PRIMARY KEY, name TEXT, is_removed INTEGER NOT NULL DEFAULT 0, changed_ms INTEGER NOT NULL
) STRICT;

-- Whether something has changed in the contacts that the person's other devices have not been told.
ALTER TABLE own ADD COLUMN has_contacts_changed INTEGER NOT NULL DEFAULT 0;
