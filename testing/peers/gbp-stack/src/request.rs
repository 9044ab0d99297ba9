//! What is asked: one JSON object.

use std::str::FromStr;

use gbp_core::PayloadCodec;
use serde_json::Value;

use crate::Outcome;

pub struct Request(Value);

impl Request {
    pub fn parse(line: &str) -> Outcome<Self> {
        Ok(Self(serde_json::from_str(line)?))
    }

    pub fn text(&self, key: &str) -> Outcome<&str> {
        self.0[key]
            .as_str()
            .ok_or_else(|| format!("{key} is not text").into())
    }

    pub fn bytes(&self, key: &str) -> Outcome<Vec<u8>> {
        Ok(hex::decode(self.text(key)?)?)
    }

    pub fn bytes_list(&self, key: &str) -> Outcome<Vec<Vec<u8>>> {
        let list = self.0[key]
            .as_array()
            .ok_or_else(|| format!("{key} is not a list"))?;
        list.iter()
            .map(|one| Ok(hex::decode(one.as_str().ok_or("not text")?)?))
            .collect()
    }

    /// A number of at most 32 bits.
    pub fn number<T: TryFrom<u64>>(&self, key: &str) -> Outcome<T> {
        let number = self.0[key]
            .as_u64()
            .ok_or_else(|| format!("{key} is not a number"))?;
        T::try_from(number).map_err(|_| format!("{key} is too large").into())
    }

    /// A number of 64 bits, written as text.
    pub fn long(&self, key: &str) -> Outcome<u64> {
        Ok(u64::from_str(self.text(key)?)?)
    }

    pub fn codec(&self) -> Outcome<PayloadCodec> {
        codec_named(self.text("codec")?)
    }
}

pub fn codec_named(name: &str) -> Outcome<PayloadCodec> {
    match name {
        "cbor" => Ok(PayloadCodec::Cbor),
        "protobuf" => Ok(PayloadCodec::Protobuf),
        "flatbuffers" => Ok(PayloadCodec::FlatBuffers),
        _ => Err(format!("{name} is no codec").into()),
    }
}
