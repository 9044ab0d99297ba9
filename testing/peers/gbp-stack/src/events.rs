//! What a node tells, in JSON, with what its clients made of the payloads.

use gap::{GapAccept, GapClient};
use gbp_core::StreamType;
use gbp_node::{DeliveredPayload, Event};
use gsp::GspClient;
use gtp::{GtpAccept, GtpClient};
use serde_json::{Value, json};

#[derive(Default)]
pub struct Clients {
    pub gtp: GtpClient,
    pub gap: GapClient,
    pub gsp: GspClient,
}

impl Clients {
    pub fn told(&mut self, events: Vec<Event>, epoch: u64) -> Value {
        events
            .into_iter()
            .map(|event| self.one(event, epoch))
            .collect()
    }

    fn one(&mut self, event: Event, epoch: u64) -> Value {
        match event {
            Event::PayloadReceived(payload) => self.payload(&payload, epoch),
            Event::Control {
                from,
                opcode,
                transition_id,
                request_id,
                args,
            } => json!({
                "kind": "control",
                "senderId": from,
                "opcode": opcode as u16,
                "transitionId": transition_id,
                "requestId": request_id,
                "args": hex::encode(args),
            }),
            Event::Error {
                code,
                fatal,
                reason,
                ..
            } => {
                json!({ "kind": "error", "code": code, "fatal": fatal, "reason": reason })
            }
            Event::StateChanged { to, .. } => json!({ "kind": "state", "state": to.to_string() }),
            Event::EpochAdvanced {
                epoch,
                transition_id,
            } => {
                json!({ "kind": "epoch", "epoch": epoch.to_string(), "transitionId": transition_id })
            }
            Event::CoordinatorClaim { claimant } => {
                json!({ "kind": "claim", "senderId": claimant })
            }
            Event::CoordinatorElectionNeeded => json!({ "kind": "electionNeeded" }),
            Event::BecameCoordinator => json!({ "kind": "becameCoordinator" }),
        }
    }

    fn payload(&mut self, payload: &DeliveredPayload, epoch: u64) -> Value {
        let (plaintext, codec) = (&payload.plaintext, payload.codec);
        let told = match payload.stream_type {
            StreamType::Text => self
                .gtp
                .accept(plaintext, epoch, codec)
                .map(text_told)
                .map_err(|e| e.to_string()),
            StreamType::Audio => self
                .gap
                .accept(plaintext, epoch, codec)
                .map(audio_told)
                .map_err(|e| e.to_string()),
            _ => self
                .gsp
                .accept(plaintext, epoch, codec)
                .map(|accepted| {
                    json!({
                        "kind": "signal",
                        "signalType": accepted.signal as u32,
                        "senderId": accepted.sender_id,
                        "requestId": accepted.request_id,
                        "muted": self.gsp.muted.iter().collect::<Vec<_>>(),
                    })
                })
                .map_err(|e| e.to_string()),
        };
        told.unwrap_or_else(|reason| json!({ "kind": "refused", "reason": reason }))
    }
}

fn text_told(accepted: GtpAccept) -> Value {
    let (is_new, message) = match accepted {
        GtpAccept::New(message) => (true, message),
        GtpAccept::Duplicate(message) => (false, message),
    };
    json!({
        "kind": "text",
        "isNew": is_new,
        "senderId": message.sender_id,
        "messageId": message.message_id.to_string(),
        "text": message.text(),
    })
}

fn audio_told(accepted: GapAccept) -> Value {
    let (is_new, payload) = match accepted {
        GapAccept::New(payload) => (true, payload),
        GapAccept::Late(payload) => (false, payload),
    };
    json!({
        "kind": "audio",
        "isNew": is_new,
        "mediaSourceId": payload.media_source_id,
        "sequence": payload.rtp_sequence,
        "timestamp": payload.rtp_timestamp.to_string(),
        "opus": hex::encode(&payload.opus_frame),
    })
}
