import { suite0001 } from "@qpc/crypto/node"
import { DecodeError, Reader } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { readPreSharedKeyId } from "./psk-id.ts"
import { pskSecret } from "./psk.ts"
import { watchSecrets } from "./testing/watched-suite.ts"

const external = (pskId: number) =>
  ({ kind: "external", pskId: Uint8Array.of(pskId), pskNonce: new Uint8Array(32) }) as const

function refusalOf(...bytes: readonly number[]): unknown {
  try {
    return readPreSharedKeyId(new Reader(Uint8Array.of(...bytes)))
  } catch (error) {
    return error
  }
}

describe("pre-shared keys", () => {
  it("leave no secret behind but that of all of them together", () => {
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const psks = [1, 2].map((id) => ({ id: external(id), secret: new Uint8Array(32).fill(id) }))
    const secret = pskSecret(suite, psks)
    expect(secretsLeft()).toEqual([secret])
    expect(psks.map((psk) => psk.secret[0])).toEqual([1, 2])
  })

  it.each([
    { what: "type 0", bytes: [0], offset: 0 },
    { what: "type 3", bytes: [3], offset: 0 },
    { what: "usage 0", bytes: [2, 0], offset: 1 },
    { what: "usage 4", bytes: [2, 4], offset: 1 },
  ])("are not named by $what, and the error says where", ({ bytes, offset }) => {
    const error = refusalOf(...bytes)
    expect(error).toBeInstanceOf(DecodeError)
    expect(error).toMatchObject({ code: "reserved_value", offset })
  })
})
