//! Chord as a value: which machine comes after which on the ring, and who has fallen silent.
