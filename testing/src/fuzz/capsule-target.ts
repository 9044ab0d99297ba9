import { CapsuleError, decodeCapsule, encodeCapsule } from "@qpc/sdk"
import { equalBytes, fromUtf8, toUtf8 } from "@qpc/wire"
import { GROUPS, capsuleWith, PROFILES } from "../simulate/capsule/sample-capsules.ts"
import { BrokenLaw } from "./target.ts"
import type { FuzzTarget } from "./target.ts"

/** The file that a stranger sends to developers. It has one encoding, and is refused with a code and nothing else. */
export function capsuleTarget(): FuzzTarget {
  const capsules = [...Object.values(PROFILES), capsuleWith(Object.values(GROUPS))]
  return {
    name: "SDK: capsule",
    samples: capsules.map((capsule) => toUtf8(encodeCapsule(capsule))),
    run(input) {
      const text = fromUtf8(input)
      if (text === undefined) return false
      try {
        const written = toUtf8(encodeCapsule(decodeCapsule(text)))
        const isOne = equalBytes(written, input) || text.includes("\r\n")
        if (!isOne) throw new BrokenLaw("accepted bytes have a second encoding")
        return true
      } catch (error) {
        if (error instanceof CapsuleError) return false
        throw error
      }
    },
  }
}
