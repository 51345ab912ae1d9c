//! Who ought to keep copies of a group, and the next step towards that: decisions as values, without network or clock.
//!
//! The *hosts* of a range are the first `replicas` storage machines at or after its end, in the order of the ring. The leader of each group compares them
//! with the members that there are, and takes one step at a time: finish what a leader before has left half done, invite who is missing, change the voters
//! in one joint step when the newcomers have caught up (who is no voter any more stays as a learner), let go who is not needed once the hosts have all, and hand the lead to the first host.
//!
//! **Invariant:** death never shrinks a voter set (V1). A dead voter is replaced when a live one has caught up, and until then it stays.
//! **Invariant:** the number of voters is odd, at most `replicas`, and at most the number of storage machines that are not leaving (V1, V2).
//! **Invariant:** a member whose machine the address book does not name counts as staying: the book may lag behind, as after a crash (V1).
//! **Invariant:** fewer vote than did only when all has been calm for a while, and then those that have caught up: a set whose majority is silent could
//! never be changed again (V1).
//! **Invariant:** voters are changed only to members that have caught up (V3); whoever leaves stays a voter until it is replaced (J7).
//! **Invariant:** a member that has fallen silent counts as a host until the grace period is over, so that a restart moves nothing (J6).

use std::collections::BTreeSet;
use std::time::Duration;

use tertulia_types::MachineId;

use crate::raft::NodeId;

/// A storage machine, seen by the leader of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) machine: MachineId,
    /// The lead may go there when all is calm: it is a node, and its clock is right.
    pub(crate) may_lead: bool,
    /// It is leaving the ring, or has left it, or was removed.
    pub(crate) is_leaving: bool,
    /// It is on the ring, as far as its neighbours know, and has been for a calm while.
    pub(crate) is_live: bool,
}

/// A member of the group, seen by its leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mate {
    pub(crate) node: NodeId,
    pub(crate) machine: MachineId,
    pub(crate) votes: bool,
    /// Has (nearly) all entries, and answers.
    pub(crate) has_caught_up: bool,
    /// For how long it has not answered.
    pub(crate) silent_for: Duration,
    /// Other machines agree that its machine is gone.
    pub(crate) is_given_up: bool,
    /// It has said that it does not know the group under this id (R3): only a fresh id helps.
    pub(crate) is_stranger: bool,
    /// The address book says that its machine has left the ring, or was removed.
    pub(crate) has_left: bool,
}

/// All that the next step depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    /// The leader, who decides.
    pub(crate) me: NodeId,
    /// Storage machines in the order of the ring, from the range's end on.
    pub(crate) candidates: Vec<Candidate>,
    /// The members.
    pub(crate) mates: Vec<Mate>,
    /// A change of voters was left half done.
    pub(crate) is_joint: bool,
    /// How many copies the ring keeps.
    pub(crate) replicas: usize,
    /// How long a silent member counts as a host.
    pub(crate) grace: Duration,
    /// Nothing has changed for a while: the lead may go home.
    pub(crate) is_calm: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// All is as it should be, or what is missing cannot be had now.
    Rest,
    /// Finish the change that is half done.
    Settle,
    /// Invite this machine as a learner.
    Invite(MachineId),
    /// Make these the voters, in one joint step; voters that are not among them leave.
    Elect(BTreeSet<NodeId>),
    /// Let these learners go.
    Release(BTreeSet<NodeId>),
    /// Hand the lead to this voter.
    HandOver(NodeId),
}

impl Situation {
    /// The next step.
    pub(crate) fn next_step(&self) -> Step {
        if self.is_joint {
            return Step::Settle;
        }
        if let Some(heir) = self.heir() {
            return Step::HandOver(heir);
        }
        let hosts = self.hosts();
        if let Some(missing) = self.missing(&hosts) {
            return Step::Invite(missing);
        }
        let voters = self.voters(&hosts);
        let now: BTreeSet<NodeId> = self
            .mates
            .iter()
            .filter(|mate| mate.votes)
            .map(|mate| mate.node)
            .collect();
        if voters != now && !voters.is_empty() {
            return Step::Elect(voters);
        }
        let needless = self.needless(&hosts, &voters);
        if !needless.is_empty() {
            return Step::Release(needless);
        }
        self.homecoming(&hosts)
    }

    /// To whom a leader hands the lead that does not vote any more.
    fn heir(&self) -> Option<NodeId> {
        let mut voters = self.mates.iter().filter(|mate| mate.votes);
        if voters.clone().any(|mate| mate.node == self.me) {
            return None;
        }
        voters.find(|mate| mate.has_caught_up).map(|mate| mate.node)
    }

    /// How many voters there should be (V1): death does not count, leaving does.
    fn voters_wanted(&self) -> usize {
        let staying = self
            .candidates
            .iter()
            .filter(|candidate| !candidate.is_leaving)
            .map(|candidate| candidate.machine);
        let unlisted = self
            .mates
            .iter()
            .filter(|mate| self.is_unlisted(mate))
            .map(|mate| mate.machine);
        let staying = staying.chain(unlisted).collect::<BTreeSet<_>>().len();
        let most = self.replicas.min(staying).max(1);
        most - (most + 1) % 2
    }

    fn candidate(&self, machine: MachineId) -> Option<&Candidate> {
        self.candidates
            .iter()
            .find(|candidate| candidate.machine == machine)
    }

    /// A member on a machine of which the address book knows nothing (yet, or any more).
    fn is_unlisted(&self, mate: &Mate) -> bool {
        !mate.has_left && self.candidate(mate.machine).is_none()
    }

    fn is_live(&self, machine: MachineId) -> bool {
        self.candidate(machine).is_some_and(|candidate| candidate.is_live)
    }

    /// The machines that ought to keep copies, nearest first.
    fn hosts(&self) -> Vec<MachineId> {
        self.candidates
            .iter()
            .filter(|candidate| {
                !candidate.is_leaving && (candidate.is_live || self.is_awaited(candidate.machine))
            })
            .map(|candidate| candidate.machine)
            .take(self.replicas)
            .collect()
    }

    /// A member that is silent, but not yet for so long that it is given up (J6).
    fn is_awaited(&self, machine: MachineId) -> bool {
        self.mate(machine)
            .is_some_and(|mate| mate.silent_for < self.grace || !mate.is_given_up)
    }

    /// The member on a machine; the newest, if one is there under two ids.
    fn mate(&self, machine: MachineId) -> Option<&Mate> {
        self.mates
            .iter()
            .filter(|mate| mate.machine == machine && !mate.is_stranger)
            .max_by_key(|mate| mate.node)
    }

    /// The first host that is no member and can be invited.
    fn missing(&self, hosts: &[MachineId]) -> Option<MachineId> {
        hosts
            .iter()
            .copied()
            .find(|machine| self.mate(*machine).is_none() && self.is_live(*machine))
    }

    /// Who should vote, of those who can: the first hosts that have caught up, and then, while there are too few, whoever votes now.
    fn voters(&self, hosts: &[MachineId]) -> BTreeSet<NodeId> {
        let wanted = self.voters_wanted();
        let vote_now: Vec<&Mate> = self.mates.iter().filter(|mate| mate.votes).collect();
        let as_now = || vote_now.iter().map(|mate| mate.node).collect();
        let now = vote_now.len();
        let shrinks = wanted < now;
        // A leader that has just been elected, or whose address book is old, hardly knows who is there.
        if shrinks && !self.is_calm {
            return as_now();
        }
        // A voter that is awaited keeps its vote; a newcomer has to show that it has caught up (V3), and everybody when fewer are to vote.
        let may_vote = |mate: &&Mate| mate.has_caught_up || (mate.votes && !shrinks);
        // Who is no host is kept for want of another only, and never alone.
        let may_stay = |mate: &&Mate| !shrinks && mate.votes;
        let mut chosen: Vec<&Mate> = hosts
            .iter()
            .filter_map(|machine| self.mate(*machine))
            .filter(may_vote)
            .take(wanted)
            .collect();
        let mut others: Vec<&Mate> = self.mates.iter().filter(may_stay).collect();
        // Whoever answers is kept rather than whoever does not.
        others.sort_by_key(|mate| (mate.is_stranger, mate.is_given_up, mate.silent_for, mate.node));
        for mate in others {
            if chosen.len() < wanted
                && chosen
                    .iter()
                    .all(|one| one.node != mate.node && one.machine != mate.machine)
            {
                chosen.push(mate);
            }
        }
        let voters: BTreeSet<NodeId> = chosen.iter().map(|mate| mate.node).collect();
        // An even number is no better than one less, and is never left standing (V3).
        if voters.len() == wanted || (voters.len() % 2 == 1 && voters.len() > now) {
            voters
        } else {
            as_now()
        }
    }

    /// Learners that nobody needs: not hosts (any more) while all hosts have caught up, or under an id that is lost.
    fn needless(&self, hosts: &[MachineId], voters: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
        let has_copy = |host: &MachineId| self.mate(*host).is_some_and(|mate| mate.has_caught_up);
        let hosts_have_all = !hosts.is_empty() && hosts.iter().all(has_copy);
        self.mates
            .iter()
            .filter(|mate| !voters.contains(&mate.node) && mate.node != self.me)
            .filter(|mate| {
                mate.is_stranger
                    || (hosts_have_all && !hosts.contains(&mate.machine) && !self.is_unlisted(mate))
                    || self
                        .mate(mate.machine)
                        .is_some_and(|newest| newest.node != mate.node)
            })
            .map(|mate| mate.node)
            .collect()
    }

    /// The lead goes to the first host that is a node and can take it.
    fn homecoming(&self, hosts: &[MachineId]) -> Step {
        let is_node = |machine: MachineId| {
            self.candidates
                .iter()
                .any(|candidate| candidate.machine == machine && candidate.may_lead && candidate.is_live)
        };
        let home = hosts
            .iter()
            .filter(|machine| is_node(**machine))
            .find_map(|machine| self.mate(*machine).filter(|mate| mate.votes));
        match home {
            Some(mate) if mate.node != self.me && mate.has_caught_up && self.is_calm => {
                Step::HandOver(mate.node)
            }
            _ => Step::Rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(600);

    fn candidate(machine: u64) -> Candidate {
        Candidate {
            machine: MachineId(machine),
            may_lead: true,
            is_leaving: false,
            is_live: true,
        }
    }

    fn mate(machine: u64, votes: bool) -> Mate {
        Mate {
            node: machine,
            machine: MachineId(machine),
            votes,
            has_caught_up: true,
            silent_for: Duration::ZERO,
            is_given_up: false,
            is_stranger: false,
            has_left: false,
        }
    }

    /// Machines 1 to `machines`, of which the first `members` are members and the first `voters` vote; the first one leads.
    fn situation(machines: u64, members: u64, voters: u64) -> Situation {
        Situation {
            me: 1,
            candidates: (1..=machines).map(candidate).collect(),
            mates: (1..=members)
                .map(|number| mate(number, number <= voters))
                .collect(),
            is_joint: false,
            replicas: 5,
            grace: GRACE,
            is_calm: true,
        }
    }

    fn dead(situation: &mut Situation, machine: u64, silent_for: Duration, is_given_up: bool) {
        for candidate in &mut situation.candidates {
            if candidate.machine.0 == machine {
                candidate.is_live = false;
            }
        }
        for mate in &mut situation.mates {
            if mate.machine.0 == machine {
                (mate.silent_for, mate.is_given_up, mate.has_caught_up) = (silent_for, is_given_up, false);
            }
        }
    }

    fn nodes(nodes: impl IntoIterator<Item = u64>) -> BTreeSet<NodeId> {
        nodes.into_iter().collect()
    }

    #[test]
    fn v2_two_machines_have_one_voter_and_a_learner() {
        assert_eq!(situation(2, 1, 1).next_step(), Step::Invite(MachineId(2)));
        assert_eq!(situation(2, 2, 1).next_step(), Step::Rest);
    }

    #[test]
    fn v1_a_leader_whose_address_book_names_few_machines_takes_no_vote_away() {
        let mut three = situation(3, 3, 3);
        three.candidates.clear();
        assert_eq!(three.next_step(), Step::Rest);
        let mut four = situation(4, 4, 3);
        four.candidates = vec![candidate(1), candidate(2)];
        assert_eq!(four.next_step(), Step::Rest, "nor a learner");
        four.mates[3].has_left = true;
        assert_eq!(four.next_step(), Step::Release(nodes([4])));
        let mut three = situation(3, 3, 3);
        three.candidates.truncate(2);
        three.mates[2].has_left = true;
        assert_eq!(three.next_step(), Step::Elect(nodes([1])));
    }

    #[test]
    fn j7_nobody_is_let_go_before_the_hosts_have_all() {
        let mut four = situation(4, 4, 3);
        four.replicas = 3;
        four.mates[2].has_caught_up = false;
        assert_eq!(four.next_step(), Step::Rest, "the fourth is no host, but has all");
        four.mates[2].has_caught_up = true;
        assert_eq!(four.next_step(), Step::Release(nodes([4])));
        for candidate in &mut four.candidates {
            candidate.is_leaving = true;
        }
        assert_ne!(four.next_step(), Step::Release(nodes([4])), "all want to leave");
    }

    #[test]
    fn v1_when_fewer_are_to_vote_those_that_answer_remain() {
        let mut three = situation(3, 3, 3);
        three.me = 2;
        dead(&mut three, 1, GRACE / 2, false);
        three.candidates[2].is_leaving = true;
        three.is_calm = false;
        assert_eq!(three.next_step(), Step::Rest, "the leader is new");
        three.is_calm = true;
        assert_eq!(three.next_step(), Step::Elect(nodes([2])));
        three.mates[1].has_caught_up = false;
        assert_eq!(three.next_step(), Step::Rest, "nobody has");
    }

    #[test]
    fn v3_voters_go_from_one_to_three_at_once_and_only_when_both_have_caught_up() {
        let mut three = situation(3, 3, 1);
        three.mates[2].has_caught_up = false;
        assert_eq!(three.next_step(), Step::Rest);
        three.mates[2].has_caught_up = true;
        assert_eq!(three.next_step(), Step::Elect(nodes([1, 2, 3])));
    }

    #[test]
    fn v3_a_change_that_is_half_done_is_finished_first() {
        let mut three = situation(3, 1, 1);
        three.is_joint = true;
        assert_eq!(three.next_step(), Step::Settle);
    }

    #[test]
    fn v1_four_machines_have_three_voters_and_the_fourth_learns() {
        assert_eq!(situation(4, 3, 3).next_step(), Step::Invite(MachineId(4)));
        assert_eq!(situation(4, 4, 3).next_step(), Step::Rest);
    }

    #[test]
    fn v1_death_alone_never_shrinks_a_voter_set() {
        let mut three = situation(3, 3, 3);
        dead(&mut three, 2, GRACE * 100, true);
        assert_eq!(three.next_step(), Step::Rest);
        dead(&mut three, 3, GRACE * 100, true);
        assert_eq!(three.next_step(), Step::Rest);
    }

    #[test]
    fn j6_a_silent_member_is_replaced_only_after_the_grace_period_and_when_others_agree() {
        let mut six = situation(6, 5, 5);
        dead(&mut six, 2, GRACE / 2, true);
        assert_eq!(six.next_step(), Step::Rest, "it may come back");
        dead(&mut six, 2, GRACE * 2, false);
        assert_eq!(six.next_step(), Step::Rest, "only this leader has lost it");
        dead(&mut six, 2, GRACE * 2, true);
        assert_eq!(six.next_step(), Step::Invite(MachineId(6)));
        six.mates.push(mate(6, false));
        six.mates[5].has_caught_up = false;
        assert_eq!(
            six.next_step(),
            Step::Rest,
            "the dead one votes until its replacement has caught up"
        );
        six.mates[5].has_caught_up = true;
        assert_eq!(six.next_step(), Step::Elect(nodes([1, 3, 4, 5, 6])));
    }

    #[test]
    fn j7_who_leaves_votes_until_it_is_replaced_and_then_the_set_may_shrink() {
        let mut four = situation(4, 4, 3);
        four.candidates[1].is_leaving = true;
        assert_eq!(four.next_step(), Step::Elect(nodes([1, 3, 4])));
        let mut three = situation(3, 3, 3);
        three.candidates[1].is_leaving = true;
        assert_eq!(three.next_step(), Step::Elect(nodes([1])));
        three.mates[1].votes = false;
        three.mates[2].votes = false;
        assert_eq!(three.next_step(), Step::Release(nodes([2])));
    }

    #[test]
    fn j7_a_leaving_leader_hands_its_vote_to_others() {
        let mut four = situation(4, 4, 3);
        four.candidates[0].is_leaving = true;
        assert_eq!(four.next_step(), Step::Elect(nodes([2, 3, 4])));
        four.mates[0].votes = false;
        four.mates[3].votes = true;
        four.mates[1].has_caught_up = false;
        assert_eq!(four.next_step(), Step::HandOver(3), "before anything else");
    }

    #[test]
    fn r3_a_member_that_does_not_know_its_id_is_invited_anew_and_the_old_id_let_go() {
        let mut three = situation(3, 3, 3);
        three.mates[2].is_stranger = true;
        assert_eq!(three.next_step(), Step::Invite(MachineId(3)));
        three.mates.push(Mate {
            node: 30,
            ..mate(3, false)
        });
        assert_eq!(three.next_step(), Step::Elect(nodes([1, 2, 30])));
    }

    #[test]
    fn the_lead_goes_to_the_first_host_that_is_a_node_when_all_is_calm() {
        let mut three = situation(3, 3, 3);
        three.me = 2;
        assert_eq!(three.next_step(), Step::HandOver(1));
        three.candidates[0].may_lead = false;
        assert_eq!(three.next_step(), Step::Rest);
        three.candidates[0].may_lead = true;
        three.is_calm = false;
        assert_eq!(three.next_step(), Step::Rest);
    }

    #[test]
    fn a_newcomer_in_between_takes_the_place_of_the_last_host() {
        let mut seven = situation(7, 5, 5);
        let newcomer = candidate(9);
        seven.candidates.insert(0, newcomer);
        assert_eq!(seven.next_step(), Step::Invite(MachineId(9)));
        seven.mates.push(mate(9, false));
        assert_eq!(seven.next_step(), Step::Elect(nodes([9, 1, 2, 3, 4])));
    }
}
