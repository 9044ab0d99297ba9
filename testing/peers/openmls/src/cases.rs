//! The operations in groups of one size, as `testing/src/bench-mls/cases.ts` plays them.

use std::hint::black_box;

use openmls::prelude::Ciphersuite;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::Outcome;
use crate::counting_allocator::live_bytes;
use crate::member::{Invitation, Member, Newcomer};

const TEXT: [u8; 100] = [0x61; 100];
const LONG_TEXT: [u8; 10_240] = [0x61; 10_240];

/// One group in the hands of its creator, at leaf 0, and its newest member, at the last leaf.
struct Cast {
    people: Vec<Newcomer>,
    outsider: Newcomer,
    creator: Member,
    newest: Member,
    invitation: Invitation,
    /// Commits of the creator that the newest member has still to follow.
    missed: Vec<Vec<u8>>,
}

/// What was made for the next run.
#[derive(Default)]
struct Prepared {
    groups: Vec<Member>,
    stores: Vec<OpenMlsRustCrypto>,
    messages: Vec<Vec<u8>>,
}

pub struct Cases {
    suite: Ciphersuite,
    members: usize,
    cold: Option<Cast>,
    warm: Option<Cast>,
    people: Vec<Newcomer>,
    prepared: Prepared,
}

impl Cases {
    pub fn new(suite: Ciphersuite, members: usize) -> Self {
        Self {
            suite,
            members,
            cold: None,
            warm: None,
            people: Vec::new(),
            prepared: Prepared::default(),
        }
    }

    pub fn prepare(&mut self, operation: &str, count: usize) -> Outcome<()> {
        self.prepared = Prepared::default();
        match operation {
            "key_package" | "create" if self.people.is_empty() => {
                self.people = newcomers(self.suite, 1)?
            }
            "key_package" | "create" => {}
            "add_all" => self.prepare_groups(count)?,
            "update_warm" => {
                self.warm()?;
            }
            "process" => {
                let cast = self.warm()?;
                cast.catch_up()?;
                let commits = (0..count)
                    .map(|_| cast.creator.update())
                    .collect::<Outcome<_>>()?;
                self.prepared.messages = commits;
            }
            "join" => {
                let cast = self.cold()?;
                let newest = cast.people.last().ok_or("nobody")?;
                self.prepared.stores = (0..count)
                    .map(|_| newest.copied_store())
                    .collect::<Outcome<_>>()?;
            }
            "unprotect" => self.prepare_messages(&TEXT, count)?,
            "unprotect_10k" => self.prepare_messages(&LONG_TEXT, count)?,
            "add" | "remove" | "export" | "load" | "protect" | "protect_10k" | "update_cold" => {
                self.cold()?;
            }
            _ => return Err("unknown operation".into()),
        }
        Ok(())
    }

    pub fn run(&mut self, operation: &str, count: usize) -> Outcome<()> {
        match operation {
            "key_package" => repeat(count, || self.people[0].make_key_package()),
            "create" => repeat(count, || self.people[0].create()),
            "add_all" => self.add_all(),
            "join" => self.join(),
            "update_warm" => {
                let cast = self.warm.as_mut().ok_or("not prepared")?;
                repeat(count, || cast.update())
            }
            "process" => {
                let cast = self.warm.as_mut().ok_or("not prepared")?;
                self.prepared
                    .messages
                    .iter()
                    .try_for_each(|commit| cast.newest.follow(commit))
            }
            _ => self.run_in_cold_group(operation, count),
        }
    }

    /// What the group sends, in bytes, and what one member stores.
    pub fn message_bytes(&mut self) -> Outcome<String> {
        let warm_commit = self.warm()?.update()?.len();
        let cast = self.cold()?;
        cast.catch_up()?;
        let application = cast.newest.protect(&TEXT)?.len();
        let key_package = cast.people[0].key_package.len();
        let (welcome, add_all) = (cast.invitation.welcome.len(), cast.invitation.commit.len());
        let cold_commit = cast.update()?.len();
        let saved = cast.creator.stored_bytes()?;
        Ok(format!(
            "{{\"keyPackage\":{key_package},\"welcome\":{welcome},\"addAll\":{add_all},\"updateCold\":{cold_commit},\
             \"updateWarm\":{warm_commit},\"application\":{application},\"saved\":{saved}}}"
        ))
    }

    /// What one member's view takes, apart from its store.
    pub fn memory_bytes(&mut self) -> Outcome<String> {
        let cast = self.cold()?;
        let before = live_bytes();
        let group = cast.newest.load()?;
        let bytes = live_bytes().saturating_sub(before);
        drop(group);
        Ok(format!("{{\"bytes\":{bytes}}}"))
    }

    fn run_in_cold_group(&mut self, operation: &str, count: usize) -> Outcome<()> {
        let middle = u32::try_from(self.members / 2)?;
        let cast = self.cold.as_mut().ok_or("not prepared")?;
        match operation {
            "add" => repeat(count, || {
                cast.creator.stage_adds(&[&cast.outsider.key_package])?;
                cast.creator.clear()
            }),
            "remove" => repeat(count, || {
                cast.creator.stage_removal(middle)?;
                cast.creator.clear()
            }),
            "update_cold" => repeat(count, || cast.update()),
            "export" => repeat(count, || cast.creator.export_secret()),
            "load" => repeat(count, || cast.creator.load()),
            "protect" => repeat(count, || cast.newest.protect(&TEXT)),
            "protect_10k" => repeat(count, || cast.newest.protect(&LONG_TEXT)),
            "unprotect" | "unprotect_10k" => self
                .prepared
                .messages
                .iter()
                .try_for_each(|message| cast.newest.unprotect(message).map(drop)),
            _ => Err("unknown operation".into()),
        }
    }

    fn prepare_groups(&mut self, count: usize) -> Outcome<()> {
        if self.people.len() < self.members {
            self.people = newcomers(self.suite, self.members)?;
        }
        self.prepared.groups = (0..count)
            .map(|_| self.people[0].create())
            .collect::<Outcome<_>>()?;
        Ok(())
    }

    fn prepare_messages(&mut self, text: &[u8], count: usize) -> Outcome<()> {
        let cast = self.cold()?;
        cast.catch_up()?;
        self.prepared.messages = (0..count)
            .map(|_| cast.creator.protect(text))
            .collect::<Outcome<_>>()?;
        Ok(())
    }

    fn add_all(&mut self) -> Outcome<()> {
        let key_packages: Vec<&[u8]> = self.people[1..]
            .iter()
            .map(|one| one.key_package.as_slice())
            .collect();
        for group in &mut self.prepared.groups {
            black_box(group.stage_adds(&key_packages)?);
            group.merge()?;
        }
        Ok(())
    }

    fn join(&mut self) -> Outcome<()> {
        let cast = self.cold.as_ref().ok_or("not prepared")?;
        let newest = cast.people.last().ok_or("nobody")?;
        for store in self.prepared.stores.drain(..) {
            black_box(newest.join_with(store, &cast.invitation.welcome)?);
        }
        Ok(())
    }

    fn cold(&mut self) -> Outcome<&mut Cast> {
        if self.cold.is_none() {
            self.cold = Some(Cast::new(self.suite, self.members)?);
        }
        self.cold.as_mut().ok_or_else(|| "unreachable".into())
    }

    fn warm(&mut self) -> Outcome<&mut Cast> {
        if self.warm.is_none() {
            let mut cast = Cast::new(self.suite, self.members)?;
            cast.warm()?;
            self.warm = Some(cast);
        }
        self.warm.as_mut().ok_or_else(|| "unreachable".into())
    }
}

impl Cast {
    fn new(suite: Ciphersuite, members: usize) -> Outcome<Self> {
        let people = newcomers(suite, members)?;
        let outsider = Newcomer::new(suite)?;
        let mut creator = people[0].create()?;
        let key_packages: Vec<&[u8]> = people[1..]
            .iter()
            .map(|one| one.key_package.as_slice())
            .collect();
        let invitation = creator.stage_adds(&key_packages)?;
        creator.merge()?;
        let newest = people.last().ok_or("nobody")?.join(&invitation.welcome)?;
        Ok(Self {
            people,
            outsider,
            creator,
            newest,
            invitation,
            missed: Vec::new(),
        })
    }

    /// A commit of the creator, which the newest member has still to follow.
    fn update(&mut self) -> Outcome<Vec<u8>> {
        let commit = self.creator.update()?;
        self.missed.push(commit.clone());
        Ok(commit)
    }

    fn catch_up(&mut self) -> Outcome<()> {
        std::mem::take(&mut self.missed)
            .iter()
            .try_for_each(|commit| self.newest.follow(commit))
    }

    /// Gives a key to each subtree beside the path of the creator: the members at leaves 1, 2, 4, 8 … commit once.
    fn warm(&mut self) -> Outcome<()> {
        let leaves = std::iter::successors(Some(1), |leaf| Some(leaf * 2))
            .take_while(|leaf| leaf + 1 < self.people.len());
        let mut helpers = leaves
            .map(|leaf| self.people[leaf].join(&self.invitation.welcome))
            .collect::<Outcome<Vec<_>>>()?;
        for author in 0..helpers.len() {
            let commit = helpers[author].update()?;
            self.creator.follow(&commit)?;
            self.newest.follow(&commit)?;
            for (at, helper) in helpers.iter_mut().enumerate() {
                if at != author {
                    helper.follow(&commit)?;
                }
            }
        }
        Ok(())
    }
}

fn newcomers(suite: Ciphersuite, count: usize) -> Outcome<Vec<Newcomer>> {
    (0..count).map(|_| Newcomer::new(suite)).collect()
}

fn repeat<T>(count: usize, mut once: impl FnMut() -> Outcome<T>) -> Outcome<()> {
    for _ in 0..count {
        black_box(once()?);
    }
    Ok(())
}
