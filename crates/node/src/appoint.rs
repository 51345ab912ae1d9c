//! What whoever runs a machine that stores may say in the name of the ring: who has which role (rule G1).

use tertulia_state::measure::Appoint;
use tertulia_types::Nick;
use tertulia_types::moderation::Role;

use crate::failure::Failure;
use crate::node::Node;

impl Node {
    /// Gives somebody a role; answers the one that they had. From a gateway other machines do not take it (J8).
    pub async fn appoint(&self, nick: &Nick, role: Role) -> Result<Role, Failure> {
        let appoint = Appoint {
            nick: nick.clone(),
            role,
            machine: self.member().machine,
        };
        self.submit(appoint).await
    }
}
