//! Journeys through the whole application, on a machine of its own: what apps and people do, one family per file.

mod bad_input;
mod community;
mod dweet;
mod login;
mod moderation;
mod oauth;
mod people;
mod secret;
mod socket;
mod stream;
