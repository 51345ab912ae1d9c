//! Conversations between devices that keep their secrets in SQLite, each step in a transaction of its own, after which the group is
//! loaded anew.

mod changing;
mod scene;
mod storing;
mod strangers;
mod talking;
