import { fromHex, toHex } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  decodeAbort,
  decodeDigestRequest,
  decodeDigestResponse,
  decodeInvalidCommit,
  encodeAbort,
  encodeCoordinatorClaim,
  encodeDigestRequest,
  encodeDigestResponse,
  encodeInvalidCommit,
  isCoordinatorClaim,
  LOG_TAIL_MAX,
} from "./control-args.ts"
import type { DigestResponse } from "./control-args.ts"
import { decodeErrorObject, encodeErrorObject, errorObject } from "./error-object.ts"
import { ERROR_REGISTRY } from "./error-registry.ts"

const hash = (byte: number) => new Uint8Array(32).fill(byte)
const entry = { transitionId: 1, opcode: 3, senderId: 2, argsDigest: hash(9) }
const response: DigestResponse = { epoch: 7n, lastTransitionId: 4, memberSetHash: hash(1), logTail: [entry] }

describe("a question how things stand", () => {
  it("is the map since_tid, since_epoch", () => {
    expect(toHex(encodeDigestRequest({ sinceTransitionId: 4 }))).toBe("a16973696e63655f74696404")
    const withEpoch = { sinceTransitionId: 4, sinceEpoch: 2n ** 60n }
    expect(toHex(encodeDigestRequest(withEpoch))).toBe(
      "a26973696e63655f746964046b73696e63655f65706f63681b1000000000000000",
    )
    expect(decodeDigestRequest(encodeDigestRequest(withEpoch))).toEqual(withEpoch)
    expect(decodeDigestRequest(encodeDigestRequest({ sinceTransitionId: 4 }))).toEqual({ sinceTransitionId: 4 })
  })
})

describe("an answer how things stand", () => {
  it.each<DigestResponse>([
    response,
    { ...response, coordinatorId: 2 },
    { ...response, coordinatorId: 2, isTruncated: true, logTail: [] },
    { ...response, logTail: Array.from({ length: LOG_TAIL_MAX }, (_, at) => ({ ...entry, transitionId: at })) },
  ])("reads back as it was", (one) => {
    expect(decodeDigestResponse(encodeDigestResponse(one))).toEqual(one)
  })

  it("has no longer log than the bound", () => {
    const long = { ...response, logTail: Array.from({ length: LOG_TAIL_MAX + 1 }, () => entry) }
    expect(() => encodeDigestResponse(long)).toThrow(RangeError)
  })

  it("says that it is truncated, or nothing", () => {
    const truncated = toHex(encodeDigestResponse({ ...response, isTruncated: true }))
    expect(() => decodeDigestResponse(fromHex(truncated.replace(/f5$/, "f4")))).toThrow("not_minimal")
  })

  it("comes out of any bytes in one encoding, or not at all", () => {
    const bytes = encodeDigestResponse({ ...response, coordinatorId: 2 })
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const mutated = bytes.slice()
        mutated[at] = byte
        let read: DigestResponse
        try {
          read = decodeDigestResponse(mutated)
        } catch (error) {
          expect((error as Error).name).toBe("DecodeError")
          return
        }
        expect(encodeDigestResponse(read)).toEqual(mutated)
      }),
    )
  })
})

describe("the other arguments", () => {
  it("of an abort are a code, or nothing", () => {
    expect(toHex(encodeAbort(0x11))).toBe("a16b726561736f6e5f636f646511")
    expect(decodeAbort(encodeAbort(0x11))).toBe(0x11)
    expect(decodeAbort(new Uint8Array(0))).toBeUndefined()
  })

  it("of a report are the transition, the code and the hash; details are left out", () => {
    const report = { transitionId: 4, reasonCode: 7, commitHash: hash(3) }
    const bytes = encodeInvalidCommit(report)
    expect(decodeInvalidCommit(bytes)).toEqual(report)
    const detailed = fromHex(`a4${toHex(bytes).slice(2)}6764657461696c736161`)
    expect(decodeInvalidCommit(detailed)).toEqual(report)
  })

  it("of a report without a hash have nil in its place, and nothing else has", () => {
    const report = { transitionId: 4, reasonCode: 7, commitHash: undefined }
    const bytes = encodeInvalidCommit(report)
    expect(toHex(bytes)).toBe("a36d7472616e736974696f6e5f6964046b726561736f6e5f636f6465076b636f6d6d69745f68617368f6")
    expect(decodeInvalidCommit(bytes)).toEqual(report)
    const [absent, empty] = [`a2${toHex(bytes).slice(2, -26)}`, `${toHex(bytes).slice(0, -2)}40`]
    for (const other of [absent, empty]) expect(() => decodeInvalidCommit(fromHex(other))).toThrow("bad_value")
  })

  it("of a claim are one encoding of {0: true}", () => {
    expect(toHex(encodeCoordinatorClaim())).toBe("a100f5")
    expect(isCoordinatorClaim(fromHex("a100f5"))).toBe(true)
    for (const other of ["a100f4", "a101f5", "a1000100f5", "", "a100f500"]) {
      expect(isCoordinatorClaim(fromHex(other))).toBe(false)
    }
  })
})

describe("an error object", () => {
  it("is the map code, class, retryable, fatal, reason, det", () => {
    const error = { ...errorObject(ERROR_REGISTRY.EPOCH_MISMATCH), reason: "x" }
    const written = "a664636f64650365636c6173730369726574727961626c65f565666174616cf466726561736f6e61786364657440"
    expect(toHex(encodeErrorObject(error))).toBe(written)
    expect(decodeErrorObject(fromHex(written))).toEqual(error)
  })

  it.each(Object.values(ERROR_REGISTRY))("of $name reads back", (registered) => {
    expect(decodeErrorObject(encodeErrorObject(errorObject(registered)))).toEqual(errorObject(registered))
  })

  it("cannot call a harmless error fatal", () => {
    const lie = { ...errorObject(ERROR_REGISTRY.REPLAY_DETECTED), fatal: true }
    expect(() => decodeErrorObject(encodeErrorObject(lie))).toThrow("bad_value")
  })

  it("may be one that we do not know", () => {
    const other = { ...errorObject(ERROR_REGISTRY.REPLAY_DETECTED), code: 0x7001, fatal: true }
    expect(decodeErrorObject(encodeErrorObject(other))).toEqual(other)
  })

  it("is of a class that there is, and within its bounds", () => {
    const written = toHex(encodeErrorObject({ ...errorObject(ERROR_REGISTRY.REPLAY_DETECTED), code: 0x7001 }))
    expect(() => decodeErrorObject(fromHex(written.replace("636c61737302", "636c61737307")))).toThrow("reserved_value")
    const long = { ...errorObject(ERROR_REGISTRY.REPLAY_DETECTED), reason: "x".repeat(257) }
    expect(() => encodeErrorObject(long)).toThrow(RangeError)
  })
})
