//! One member: the published MLS context, node and clients, put together as their documents show it.

use gap::GapClient;
use gbp_core::{ControlOpcode, SignalType};
use gbp_mls::MlsContext;
use gbp_node::{GroupNode, OutboundFrame};
use gbp_sframe::{CipherSuite, SFrameDecryptor, SFrameEncryptor, SFrameSession};
use gsp::GspClient;
use gtp::GtpClient;
use openmls::prelude::tls_codec::{DeserializeBytes as _, Serialize as _};
use openmls::prelude::{KeyPackage, KeyPackageIn, ProtocolVersion};
use openmls_traits::OpenMlsProvider as _;
use serde_json::{Value, json};

use crate::Outcome;
use crate::events::Clients;
use crate::request::Request;

/// All members at once, in their words.
const EVERYBODY: u32 = 0;

pub struct Member {
    pub mls: MlsContext,
    pub node: GroupNode,
    pub clients: Clients,
    key_package: Vec<u8>,
    sframe: Option<(SFrameSession, SFrameEncryptor, SFrameDecryptor)>,
}

impl Member {
    /// A group of one, which the creator keeps and a joiner leaves with `acceptWelcome`.
    pub fn new(request: &Request) -> Outcome<Self> {
        let (mls, bundle) = MlsContext::new_member(request.text("identity")?.as_bytes())?;
        let key_package = bundle.key_package().tls_serialize_detached()?;
        let node = GroupNode::new(request.number("id")?, mls.group_id_16());
        Ok(Self {
            mls,
            node,
            clients: Clients::default(),
            key_package,
            sframe: None,
        })
    }

    /// From what `exportState` gave, in the state that their restart leaves: ACTIVE, in the epoch of MLS.
    pub fn restored(request: &Request) -> Outcome<Self> {
        let mls = MlsContext::restore_state(&request.bytes("state")?)?;
        let mut node = GroupNode::new(request.number("id")?, mls.group_id_16());
        node.bootstrap_as_joiner(mls.epoch(), 0);
        node.last_transition_id = request.number("transitionId")?;
        node.restore_out_seq(&request.bytes("sequences")?);
        node.drain_events();
        Ok(Self {
            mls,
            node,
            clients: Clients::default(),
            key_package: Vec::new(),
            sframe: None,
        })
    }

    pub fn answer(&mut self, ask: &str, request: &Request) -> Outcome<Value> {
        match ask {
            "keyPackage" => Ok(json!({ "bytes": hex::encode(&self.key_package) })),
            "invite" | "remove" | "process" | "finalize" | "clear" | "acceptWelcome" => {
                self.change(ask, request)
            }
            "asCreator" => {
                self.node.bootstrap_as_creator(request.long("epoch")?);
                self.drained()
            }
            "asJoiner" => {
                self.node = GroupNode::new(self.node.member_id, self.mls.group_id_16());
                let (epoch, transition_id) =
                    (request.long("epoch")?, request.number("transitionId")?);
                self.node.bootstrap_as_joiner(epoch, transition_id);
                self.drained()
            }
            "applyTransition" => {
                self.node.apply_transition(request.number("transitionId")?);
                self.drained()
            }
            "text" | "audio" | "signal" | "control" | "claim" => self.send(ask, request),
            "receive" => {
                let events = self.node.on_wire(&mut self.mls, &request.bytes("bytes")?)?;
                Ok(self.clients.told(events, self.node.current_epoch))
            }
            "exportState" => Ok(json!({
                "state": hex::encode(self.mls.export_state()?),
                "sequences": hex::encode(self.node.export_out_seq()),
            })),
            "exportSecret" => {
                let (label, context) = (request.text("label")?, request.bytes("context")?);
                let secret =
                    self.mls
                        .export_raw(label, &context, request.number("lengthBytes")?)?;
                Ok(json!({ "bytes": hex::encode(secret) }))
            }
            "state" => Ok(self.state()),
            "sframeSession" | "sframeSeal" | "sframeOpen" => self.sframe(ask, request),
            _ => Err(format!("{ask} is not something to ask for").into()),
        }
    }

    /// Who is in the MLS group.
    fn change(&mut self, ask: &str, request: &Request) -> Outcome<Value> {
        match ask {
            "invite" => {
                let packages: Vec<KeyPackage> = request
                    .bytes_list("keyPackages")?
                    .iter()
                    .map(|bytes| self.validated(bytes))
                    .collect::<Outcome<_>>()?;
                let (commit, welcome) = self.mls.invite_full(&packages)?;
                Ok(json!({ "commit": hex::encode(commit), "welcome": hex::encode(welcome) }))
            }
            "remove" => {
                let commit = self.mls.remove_members(&[request.number("leafIndex")?])?;
                Ok(json!({ "commit": hex::encode(commit) }))
            }
            "process" => {
                let kind = self.mls.process_message(&request.bytes("bytes")?)?;
                Ok(json!({ "kind": format!("{kind:?}").to_lowercase() }))
            }
            "acceptWelcome" => {
                self.mls.accept_welcome(&request.bytes("bytes")?)?;
                Ok(self.state())
            }
            "finalize" => {
                self.mls.finalize_pending_commit()?;
                Ok(self.state())
            }
            _ => {
                self.mls.clear_pending_commit()?;
                Ok(self.state())
            }
        }
    }

    fn validated(&self, bytes: &[u8]) -> Outcome<KeyPackage> {
        let unchecked = KeyPackageIn::tls_deserialize_exact_bytes(bytes)?;
        Ok(unchecked.validate(self.mls.provider.crypto(), ProtocolVersion::Mls10)?)
    }

    fn send(&mut self, ask: &str, request: &Request) -> Outcome<Value> {
        let Self {
            mls, node, clients, ..
        } = self;
        let Clients { gtp, gap, gsp } = clients;
        let frame = match ask {
            "text" => send_text(node, mls, gtp, request)?,
            "audio" => send_audio(node, mls, gap, request)?,
            "signal" => send_signal(node, mls, gsp, request)?,
            "claim" => node.claim_coordinator(mls, EVERYBODY)?,
            _ => {
                let opcode = ControlOpcode::try_from(request.number::<u16>("opcode")?)
                    .map_err(|number| format!("{number} is no opcode"))?;
                let (transition_id, request_id) = (
                    request.number("transitionId")?,
                    request.number("requestId")?,
                );
                node.send_control(
                    mls,
                    EVERYBODY,
                    opcode,
                    transition_id,
                    request_id,
                    request.bytes("args")?,
                )?
            }
        };
        Ok(json!({ "bytes": hex::encode(frame.wire) }))
    }

    fn sframe(&mut self, ask: &str, request: &Request) -> Outcome<Value> {
        if ask == "sframeSession" {
            let session =
                SFrameSession::from_mls(&self.mls, "gbp/sframe v1", CipherSuite::Aes128Gcm)?;
            let own_leaf = self.mls.group.own_leaf_index().u32();
            let (encryptor, decryptor) = (session.encryptor(own_leaf), session.decryptor());
            self.sframe = Some((session, encryptor, decryptor));
            return Ok(json!({ "leafIndex": own_leaf }));
        }
        let (_, encryptor, decryptor) = self.sframe.as_mut().ok_or("there is no session")?;
        let (bytes, metadata) = (request.bytes("bytes")?, request.bytes("metadata")?);
        if ask == "sframeSeal" {
            return Ok(json!({ "bytes": hex::encode(encryptor.encrypt(&bytes, &metadata)?) }));
        }
        let (plaintext, leaf_index) = decryptor.decrypt(&bytes, &metadata)?;
        Ok(json!({ "bytes": hex::encode(plaintext), "leafIndex": leaf_index }))
    }

    fn drained(&mut self) -> Outcome<Value> {
        self.node.drain_events();
        Ok(self.state())
    }

    fn state(&self) -> Value {
        json!({
            "state": self.node.state.to_string(),
            "epoch": self.node.current_epoch.to_string(),
            "mlsEpoch": self.mls.epoch().to_string(),
            "groupId": hex::encode(self.mls.group_id_16()),
            "transitionId": self.node.last_transition_id,
            "pendingTransitionId": self.node.pending_transition_id,
            "isCoordinator": self.node.is_coordinator,
        })
    }
}

fn send_text(
    node: &mut GroupNode,
    mls: &mut MlsContext,
    gtp: &mut GtpClient,
    request: &Request,
) -> Outcome<OutboundFrame> {
    let message_id = request.long("messageId")?;
    Ok(gtp.send(
        node,
        mls,
        EVERYBODY,
        message_id,
        request.text("text")?,
        request.codec()?,
    )?)
}

fn send_audio(
    node: &mut GroupNode,
    mls: &mut MlsContext,
    gap: &mut GapClient,
    request: &Request,
) -> Outcome<OutboundFrame> {
    let (source, timestamp) = (request.number("mediaSourceId")?, request.long("timestamp")?);
    Ok(gap.send(
        node,
        mls,
        EVERYBODY,
        source,
        timestamp,
        request.bytes("opus")?,
        request.codec()?,
    )?)
}

fn send_signal(
    node: &mut GroupNode,
    mls: &mut MlsContext,
    gsp: &mut GspClient,
    request: &Request,
) -> Outcome<OutboundFrame> {
    let signal = SignalType::try_from(request.number::<u32>("signalType")?)
        .map_err(|number| format!("{number} is no signal"))?;
    let (request_id, args) = (request.number("requestId")?, request.bytes("args")?);
    Ok(gsp.send_with_args(
        node,
        mls,
        EVERYBODY,
        signal,
        0,
        request_id,
        &args,
        request.codec()?,
    )?)
}
