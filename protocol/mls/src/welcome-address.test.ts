import { describe, expect, it } from "vitest"
import { encodeMlsMessage } from "./mls-message.ts"
import { addressOfWelcome } from "./welcome-address.ts"

const EMPTY = new Uint8Array(0)
const REFS = [Uint8Array.of(1, 2), Uint8Array.of(3)]
/** Of a suite that nobody has. */
const welcome = encodeMlsMessage({
  kind: "welcome",
  message: {
    cipherSuite: 0xfabc,
    secrets: REFS.map((newMember) => ({
      newMember,
      encryptedGroupSecrets: { kemOutput: Uint8Array.of(9), ciphertext: new Uint8Array(16) },
    })),
    encryptedGroupInfo: Uint8Array.of(7),
  },
})

describe("whom a Welcome is for", () => {
  it("is read whatever its cipher suite is", () => {
    expect(addressOfWelcome(welcome)).toEqual({ cipherSuite: 0xfabc, keyPackageRefs: REFS })
  })

  it("is not said by anything else", () => {
    for (let length = 0; length < welcome.length; length++) {
      expect(addressOfWelcome(welcome.subarray(0, length)), `${length} bytes`).toBeUndefined()
    }
    expect(addressOfWelcome(Uint8Array.of(...welcome, 0))).toBeUndefined()
    const message = { groupId: EMPTY, epoch: 0n, contentType: "application" } as const
    const other = { ...message, authenticatedData: EMPTY, encryptedSenderData: EMPTY, ciphertext: EMPTY }
    expect(addressOfWelcome(encodeMlsMessage({ kind: "private_message", message: other }))).toBeUndefined()
  })
})
