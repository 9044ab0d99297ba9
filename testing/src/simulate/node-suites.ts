import type { CipherSuite } from "@qpc/crypto"
import { newXWingSuite, suite0001, suite0003 } from "@qpc/crypto/node"

/** The cipher suites of a world on Node. X-Wing draws from its seed alone, or no run could be seen again. */
export const NODE_SUITES: { readonly suite: CipherSuite; readonly otherSuites: readonly CipherSuite[] } = {
  suite: suite0001,
  otherSuites: [suite0003, newXWingSuite({ encapsulation: "seeded" })],
}
