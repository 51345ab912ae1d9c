-- Who asks for a conversation: somebody whom the person does not know has begun it, or has let them into that room. None where nobody has
-- to be asked, or the person has agreed.
ALTER TABLE conversation ADD COLUMN asked_by INTEGER;
