import type { DecodeError, DecodeErrorCode } from "@qpc/wire"

const REASONS: Readonly<Record<DecodeErrorCode, string>> = {
  truncated: "the bytes end inside a value",
  trailing_bytes: "bytes are left behind the end",
  not_minimal: "a number or length is written longer than it has to be, and each value has one encoding only",
  reserved_value: "a kind of value that frames do not have (a tag, a float, an indefinite length)",
  too_large: "longer, deeper or with more values than a frame may be",
  bad_value: "not a value that can be here",
}

/** Why decoding stopped, in plain words. */
export function faultWords(error: DecodeError): string {
  if (error.code === "bad_value" && error.offset === 0) return "a frame is a CBOR map, and this is something else"
  return REASONS[error.code]
}
