//! The ring from outside: scripts, properties, messages that make no sense, and a slice of the figures.

mod net;

mod ideal;

mod script;

mod property;

mod nonsense;

mod figures;
