//! Reads one golden message with the published types and writes it again.

use gap::GapPayload;
use gbp::{ControlMessage, ErrorObject, GbpFrame};
use gsp::GspSignal;
use gtp::{AttachmentChunk, AttachmentManifest, GtpMessage};
use serde_json::{Value, json};

use crate::Outcome;
use crate::request::Request;

/// `value` in the notation of the golden file, `hex` as the published stack writes it. What it has no type for is read by
/// the CBOR library under it, and has no `value`.
pub fn read_and_write(request: &Request) -> Outcome<Value> {
    let (kind, bytes, codec) = (
        request.text("kind")?,
        request.bytes("hex")?,
        request.codec()?,
    );
    let (value, again) = match kind {
        "frame" => {
            let read = GbpFrame::decode(&bytes)?;
            (frame_value(&read), read.to_cbor())
        }
        "control" => {
            let read = ControlMessage::from_cbor(&bytes)?;
            (control_value(&read), read.to_cbor())
        }
        "error" => {
            let read = ErrorObject::from_cbor(&bytes)?;
            (error_value(&read)?, read.to_cbor())
        }
        "text" => {
            let read = GtpMessage::from_bytes(&bytes, codec)?;
            (text_value(&read), read.to_bytes(codec))
        }
        "manifest" => {
            let read = AttachmentManifest::from_cbor(&bytes)?;
            (manifest_value(&read), read.to_cbor())
        }
        "chunk" => {
            let read = AttachmentChunk::from_cbor(&bytes)?;
            (chunk_value(&read), read.to_cbor())
        }
        "audio" => {
            let read = GapPayload::from_bytes(&bytes, codec)?;
            (audio_value(&read), read.to_bytes(codec))
        }
        "signal" => {
            let read = GspSignal::from_bytes(&bytes, codec)?;
            (signal_value(&read), read.to_bytes(codec))
        }
        _ => (Value::Null, cbor_again(&bytes)?),
    };
    Ok(json!({ "value": value, "hex": hex::encode(again) }))
}

fn cbor_again(bytes: &[u8]) -> Outcome<Vec<u8>> {
    let mut again = Vec::new();
    if !bytes.is_empty() {
        let read: ciborium::Value = ciborium::from_reader(bytes)?;
        ciborium::into_writer(&read, &mut again)?;
    }
    Ok(again)
}

fn bytes_value(bytes: &[u8]) -> String {
    format!("h'{}'", hex::encode(bytes))
}

fn long_value(number: u64) -> String {
    format!("{number}n")
}

fn frame_value(frame: &GbpFrame) -> Value {
    json!({
        "groupId": bytes_value(&frame.group_id),
        "epoch": long_value(frame.epoch),
        "transitionId": frame.transition_id,
        "streamType": frame.stream_type,
        "streamId": frame.stream_id,
        "flags": frame.flags,
        "sequence": frame.sequence_no,
        "payloadBytes": frame.payload_size,
        "sealed": bytes_value(&frame.encrypted_payload),
        "payloadFormat": frame.payload_format,
    })
}

fn control_value(message: &ControlMessage) -> Value {
    json!({
        "opcode": message.opcode,
        "requestId": message.request_id,
        "senderId": message.sender_id,
        "transitionId": message.transition_id,
        "args": bytes_value(&message.args),
    })
}

fn error_value(error: &ErrorObject) -> Outcome<Value> {
    let class = gbp_core::ErrorClass::try_from(error.class)
        .map_err(|class| format!("{class} is no class"))?;
    Ok(json!({
        "code": error.code,
        "class": format!("{class:?}").to_lowercase(),
        "retryable": error.retryable,
        "fatal": error.fatal,
        "reason": error.reason,
        "details": bytes_value(&error.details_cbor),
    }))
}

fn text_value(message: &GtpMessage) -> Value {
    json!({
        "messageId": long_value(message.message_id),
        "senderId": message.sender_id,
        "timestampMs": long_value(message.timestamp_ms),
        "requestId": message.request_id,
        "flags": message.flags,
        "contentType": message.content_type,
        "contentLength": message.content_length,
        "body": bytes_value(&message.content),
    })
}

fn manifest_value(manifest: &AttachmentManifest) -> Value {
    json!({
        "attachmentId": long_value(manifest.attachment_id),
        "name": manifest.filename,
        "mimeType": manifest.mime_type,
        "sizeBytes": long_value(manifest.total_size),
        "chunkCount": manifest.chunk_count,
        "hash": bytes_value(&manifest.sha256),
    })
}

fn chunk_value(chunk: &AttachmentChunk) -> Value {
    json!({
        "attachmentId": long_value(chunk.attachment_id),
        "index": chunk.chunk_index,
        "chunkCount": chunk.chunk_count,
        "data": bytes_value(&chunk.data),
    })
}

fn audio_value(payload: &GapPayload) -> Value {
    json!({
        "mediaSourceId": payload.media_source_id,
        "sequence": payload.rtp_sequence,
        "timestamp": long_value(payload.rtp_timestamp),
        "keyPhase": payload.key_phase,
        "opus": bytes_value(&payload.opus_frame),
    })
}

fn signal_value(signal: &GspSignal) -> Value {
    json!({
        "signalType": signal.signal_type,
        "requestId": signal.request_id,
        "senderId": signal.sender_id,
        "roleClaim": signal.role_claim,
        "argsLength": signal.args_length,
        "args": bytes_value(&signal.args),
    })
}
