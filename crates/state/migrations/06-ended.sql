-- Which session has ended, so that ending it once more is answered as the first time. NULL where it ended before this version.
ALTER TABLE ended_session ADD COLUMN account_id INTEGER;
ALTER TABLE ended_session ADD COLUMN id INTEGER;
