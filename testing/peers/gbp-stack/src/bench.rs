//! What `npm run bench:stack` measures: two members in one group, one sends and the other receives.

use gap::GapClient;
use gbp_core::{PayloadCodec, SignalType};
use gbp_mls::MlsContext;
use gbp_node::{Event, GroupNode};
use gbp_sframe::{CipherSuite, SFrameDecryptor, SFrameEncryptor, SFrameSession};
use gsp::GspClient;
use gtp::GtpClient;
use openmls::prelude::KeyPackage;
use serde_json::{Value, json};

use crate::Outcome;
use crate::events::Clients;
use crate::request::Request;

/// Bytes of an Opus packet of 20 ms, as in the other half of the benchmark.
const OPUS_BYTES: usize = 80;

pub struct Bench {
    sender: Side,
    receiver: Side,
    encryptor: SFrameEncryptor,
    decryptor: SFrameDecryptor,
    frames: Vec<Vec<u8>>,
    next_id: u32,
}

struct Side {
    mls: MlsContext,
    node: GroupNode,
    clients: Clients,
}

impl Bench {
    pub fn new() -> Outcome<Self> {
        let (mut alice, _) = MlsContext::new_member(b"alice")?;
        let (mut bob, bundle) = MlsContext::new_member(b"bob")?;
        let package: KeyPackage = bundle.key_package().clone();
        let welcome = alice.invite(&[package])?;
        bob.accept_welcome(&welcome)?;
        let session = SFrameSession::from_mls(&alice, "gbp/sframe v1", CipherSuite::Aes128Gcm)?;
        Ok(Self {
            sender: Side::new(alice, 1),
            receiver: Side::new(bob, 2),
            encryptor: session.encryptor(0),
            decryptor: session.decryptor(),
            frames: Vec::new(),
            next_id: 0,
        })
    }

    /// Makes what so many operations use up. The answer has the length of the last frame.
    pub fn prepare(&mut self, request: &Request) -> Outcome<Value> {
        self.frames.clear();
        let (operation, count): (&str, usize) =
            (request.text("operation")?, request.number("count")?);
        let (way, stream) = operation
            .split_once(' ')
            .ok_or("an operation has two words")?;
        if way == "receive" {
            for _ in 0..count {
                let frame = self.send(stream, request.codec()?)?;
                self.frames.push(frame);
            }
        }
        let bytes = if stream == "none" {
            0
        } else {
            self.frames.last().map_or(0, Vec::len)
        };
        Ok(json!({ "bytes": bytes }))
    }

    /// Only this is timed, by the one who asks.
    pub fn run(&mut self, request: &Request) -> Outcome<Value> {
        let (operation, count): (&str, usize) =
            (request.text("operation")?, request.number("count")?);
        let (way, stream) = operation
            .split_once(' ')
            .ok_or("an operation has two words")?;
        let codec = request.codec()?;
        if way == "send" {
            for _ in 0..count {
                self.send(stream, codec)?;
            }
            return Ok(json!({}));
        }
        for frame in std::mem::take(&mut self.frames) {
            self.receive(stream, &frame)?;
        }
        Ok(json!({}))
    }

    fn send(&mut self, stream: &str, codec: PayloadCodec) -> Outcome<Vec<u8>> {
        self.next_id += 1;
        let id = self.next_id;
        let Side { mls, node, clients } = &mut self.sender;
        let Clients { gtp, gap, gsp } = clients;
        Ok(match stream {
            "text" => {
                gtp.send(node, mls, 2, id.into(), &"x".repeat(100), codec)?
                    .wire
            }
            "audio" => {
                gap.send(
                    node,
                    mls,
                    2,
                    1,
                    u64::from(id) * 960,
                    vec![7; OPUS_BYTES],
                    codec,
                )?
                .wire
            }
            "signal" => {
                gsp.send_with_args(node, mls, 2, SignalType::Mute, 0, id, &[0xa1, 0, 7], codec)?
                    .wire
            }
            "sframe" => self.encryptor.encrypt(&[7; OPUS_BYTES], b"")?,
            _ => return Err(format!("there is no stream {stream}").into()),
        })
    }

    fn receive(&mut self, stream: &str, frame: &[u8]) -> Outcome<()> {
        if stream == "sframe" {
            self.decryptor.decrypt(frame, b"")?;
            return Ok(());
        }
        let Side { mls, node, clients } = &mut self.receiver;
        for event in node.on_wire(mls, frame)? {
            let Event::PayloadReceived(payload) = event else {
                return Err(format!("a frame was not received: {event:?}").into());
            };
            let (plaintext, epoch, codec) = (&payload.plaintext, node.current_epoch, payload.codec);
            match stream {
                "text" => {
                    clients.gtp.accept(plaintext, epoch, codec)?;
                }
                "audio" => {
                    clients.gap.accept(plaintext, epoch, codec)?;
                }
                _ => {
                    clients.gsp.accept(plaintext, epoch, codec)?;
                }
            }
        }
        Ok(())
    }
}

impl Side {
    fn new(mls: MlsContext, member_id: u32) -> Self {
        let mut node = GroupNode::new(member_id, mls.group_id_16());
        node.bootstrap_as_creator(mls.epoch());
        node.drain_events();
        let clients = Clients {
            gtp: GtpClient::new(),
            gap: GapClient::new(),
            gsp: GspClient::new(),
        };
        Self { mls, node, clients }
    }
}
