//! One person and one member's view of a group.

use std::rc::Rc;

use openmls::prelude::tls_codec::{Deserialize as _, Serialize as _};
use openmls::prelude::*;
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::OpenMlsRustCrypto;

use crate::Outcome;

/// As the others are measured: generations kept, no padding, the tree in the Welcome.
const PAST_EPOCHS: usize = 3;
const LATE_GENERATIONS: u32 = 100;
const EARLY_GENERATIONS: u32 = 1000;

/// Somebody with a key package and the store in which its private half lies.
pub struct Newcomer {
    suite: Ciphersuite,
    provider: OpenMlsRustCrypto,
    signer: Rc<SignatureKeyPair>,
    credential: CredentialWithKey,
    pub key_package: Vec<u8>,
}

impl Newcomer {
    pub fn new(suite: Ciphersuite) -> Outcome<Self> {
        let provider = OpenMlsRustCrypto::default();
        let signer = Rc::new(SignatureKeyPair::new(suite.signature_algorithm())?);
        let credential = CredentialWithKey {
            credential: BasicCredential::new(b"somebody".to_vec()).into(),
            signature_key: signer.to_public_vec().into(),
        };
        let mut newcomer = Self {
            suite,
            provider,
            signer,
            credential,
            key_package: Vec::new(),
        };
        newcomer.key_package = newcomer.make_key_package()?;
        Ok(newcomer)
    }

    /// A key package as it is published.
    pub fn make_key_package(&self) -> Outcome<Vec<u8>> {
        let bundle = KeyPackage::builder().build(
            self.suite,
            &self.provider,
            &*self.signer,
            self.credential.clone(),
        )?;
        Ok(MlsMessageOut::from(bundle.key_package().clone()).tls_serialize_detached()?)
    }

    /// A group of one.
    pub fn create(&self) -> Outcome<Member> {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(self.suite)
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .max_past_epochs(PAST_EPOCHS)
            .sender_ratchet_configuration(ratchets())
            .build();
        let provider = OpenMlsRustCrypto::default();
        let group = MlsGroup::new(&provider, &*self.signer, &config, self.credential.clone())?;
        Ok(Member {
            provider,
            signer: Rc::clone(&self.signer),
            group,
        })
    }

    /// Enters a group with a copy of the store: joining takes the init key out of it.
    pub fn join(&self, welcome: &[u8]) -> Outcome<Member> {
        self.join_with(self.copied_store()?, welcome)
    }

    pub fn join_with(&self, provider: OpenMlsRustCrypto, welcome: &[u8]) -> Outcome<Member> {
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .max_past_epochs(PAST_EPOCHS)
            .sender_ratchet_configuration(ratchets())
            .build();
        let MlsMessageBodyIn::Welcome(welcome) =
            MlsMessageIn::tls_deserialize_exact(welcome)?.extract()
        else {
            return Err("not a Welcome".into());
        };
        let group = StagedWelcome::new_from_welcome(&provider, &config, welcome, None)?
            .into_group(&provider)?;
        Ok(Member {
            provider,
            signer: Rc::clone(&self.signer),
            group,
        })
    }

    pub fn copied_store(&self) -> Outcome<OpenMlsRustCrypto> {
        let copy = OpenMlsRustCrypto::default();
        let values = self
            .provider
            .storage()
            .values
            .read()
            .map_err(|_| "poisoned")?
            .clone();
        *copy.storage().values.write().map_err(|_| "poisoned")? = values;
        Ok(copy)
    }
}

fn ratchets() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(LATE_GENERATIONS, EARLY_GENERATIONS)
}

/// One member's view of a group, with its store.
pub struct Member {
    provider: OpenMlsRustCrypto,
    signer: Rc<SignatureKeyPair>,
    group: MlsGroup,
}

/// Commit and Welcome, as they are sent.
pub struct Invitation {
    pub commit: Vec<u8>,
    pub welcome: Vec<u8>,
}

impl Member {
    /// One commit without a path that adds all; pending. Each key package is read and checked.
    pub fn stage_adds(&mut self, key_packages: &[&[u8]]) -> Outcome<Invitation> {
        let mut added = Vec::with_capacity(key_packages.len());
        for bytes in key_packages {
            let MlsMessageBodyIn::KeyPackage(read) =
                MlsMessageIn::tls_deserialize_exact(bytes)?.extract()
            else {
                return Err("not a key package".into());
            };
            added.push(read.validate(self.provider.crypto(), ProtocolVersion::Mls10)?);
        }
        let (commit, welcome, _) =
            self.group
                .add_members_without_update(&self.provider, &*self.signer, &added)?;
        Ok(Invitation {
            commit: commit.to_bytes()?,
            welcome: welcome.to_bytes()?,
        })
    }

    /// A commit with a path that removes a member; pending.
    pub fn stage_removal(&mut self, leaf_index: u32) -> Outcome<Vec<u8>> {
        let removed = LeafNodeIndex::new(leaf_index);
        let bundle = self
            .group
            .commit_builder()
            .propose_removals([removed])
            .load_psks(self.provider.storage())?
            .create_group_info(false)
            .build(
                self.provider.rand(),
                self.provider.crypto(),
                &*self.signer,
                |_| true,
            )?
            .stage_commit(&self.provider)?;
        Ok(bundle.into_commit().to_bytes()?)
    }

    /// A commit with fresh keys, merged.
    pub fn update(&mut self) -> Outcome<Vec<u8>> {
        let bundle = self
            .group
            .commit_builder()
            .force_self_update(true)
            .load_psks(self.provider.storage())?
            .create_group_info(false)
            .build(
                self.provider.rand(),
                self.provider.crypto(),
                &*self.signer,
                |_| true,
            )?
            .stage_commit(&self.provider)?;
        let commit = bundle.into_commit().to_bytes()?;
        self.merge()?;
        Ok(commit)
    }

    pub fn merge(&mut self) -> Outcome<()> {
        Ok(self.group.merge_pending_commit(&self.provider)?)
    }

    pub fn clear(&mut self) -> Outcome<()> {
        Ok(self.group.clear_pending_commit(self.provider.storage())?)
    }

    /// Receives a commit and merges it.
    pub fn follow(&mut self, commit: &[u8]) -> Outcome<()> {
        let ProcessedMessageContent::StagedCommitMessage(staged) = self.process(commit)? else {
            return Err("not a commit".into());
        };
        Ok(self.group.merge_staged_commit(&self.provider, *staged)?)
    }

    pub fn protect(&mut self, text: &[u8]) -> Outcome<Vec<u8>> {
        Ok(self
            .group
            .create_message(&self.provider, &*self.signer, text)?
            .to_bytes()?)
    }

    pub fn unprotect(&mut self, message: &[u8]) -> Outcome<Vec<u8>> {
        let ProcessedMessageContent::ApplicationMessage(text) = self.process(message)? else {
            return Err("not an application message".into());
        };
        Ok(text.into_bytes())
    }

    pub fn export_secret(&self) -> Outcome<Vec<u8>> {
        Ok(self
            .group
            .export_secret(self.provider.crypto(), "bench", &[], 32)?)
    }

    /// Reads the whole state from the store.
    pub fn load(&self) -> Outcome<MlsGroup> {
        MlsGroup::load(self.provider.storage(), self.group.group_id())?
            .ok_or_else(|| "not stored".into())
    }

    /// Bytes of all keys and values in the store.
    pub fn stored_bytes(&self) -> Outcome<usize> {
        let values = self
            .provider
            .storage()
            .values
            .read()
            .map_err(|_| "poisoned")?;
        Ok(values
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum())
    }

    fn process(&mut self, message: &[u8]) -> Outcome<ProcessedMessageContent> {
        let message = MlsMessageIn::tls_deserialize_exact(message)?.try_into_protocol_message()?;
        Ok(self
            .group
            .process_message(&self.provider, message)?
            .into_content())
    }
}
