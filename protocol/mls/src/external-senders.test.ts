import { encode, toUtf8 } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { CredentialJudge } from "./credential-validator.ts"
import { EXTENSION_TYPES } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { judgeExternalSenders, writeExternalSenders } from "./external-senders.ts"

const sender = (key: number, name: string) => {
  return { signatureKey: Uint8Array.of(key), credential: { kind: "basic", identity: toUtf8(name) } } as const
}
const naming = (...senders: readonly ReturnType<typeof sender>[]): Extension[] => {
  const extensionData = encode((writer) => writeExternalSenders(writer, senders))
  return [{ extensionType: EXTENSION_TYPES.externalSenders, extensionData }]
}
const malformed = [{ extensionType: EXTENSION_TYPES.externalSenders, extensionData: Uint8Array.of(9) }]

/** Refuses whoever signs with key 2. */
const refuseTwo: CredentialJudge = ({ signatureKey }) => (signatureKey[0] === 2 ? "credential_revoked" : undefined)
const refuseAll: CredentialJudge = () => "credential_untrusted"

describe("judging external senders", () => {
  it("asks about each of them, and refuses for one", () => {
    expect(judgeExternalSenders(refuseTwo, [], naming(sender(1, "a"), sender(2, "b")))).toBe("credential_revoked")
    expect(judgeExternalSenders(refuseTwo, [], naming(sender(1, "a"), sender(3, "b")))).toBeUndefined()
  })

  it("knows those who were there with the same key under the same name, and nobody else", () => {
    const before = naming(sender(1, "a"))
    expect(judgeExternalSenders(refuseAll, before, naming(sender(1, "a")))).toBeUndefined()
    expect(judgeExternalSenders(refuseAll, before, naming(sender(1, "b")))).toBe("credential_untrusted")
    expect(judgeExternalSenders(refuseAll, before, naming(sender(2, "a")))).toBe("credential_untrusted")
  })

  it("knows nobody from a list that does not decode, and refuses a new one", () => {
    expect(judgeExternalSenders(refuseAll, malformed, naming(sender(1, "a")))).toBe("credential_untrusted")
    expect(judgeExternalSenders(refuseTwo, [], malformed)).toBe("external_senders_malformed")
  })
})
