/** `mls10`, the only ProtocolVersion there is (RFC 9420 §6). Others decode, so that a refusal can name its reason. */
export const MLS_10 = 1
