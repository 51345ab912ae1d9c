-- Letters that went after their time without having come to any device: whoever sent one may ask.
ALTER TABLE letter_known ADD COLUMN is_expired INTEGER NOT NULL DEFAULT 0;
