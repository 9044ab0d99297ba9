import { suite0001 } from "@qpc/crypto/node"
import { describe, expect, it } from "vitest"
import { frameContent } from "./framed-content.ts"
import { makeGroupContext } from "./group-context.ts"
import { openNextEpoch } from "./next-epoch.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import { TreePrivateState } from "./tree-private-state.ts"

const random = countedRandom(suite0001, "next epochs")
const groupId = Uint8Array.of(1)

describe("opening the next epoch", () => {
  it("leaves no secret behind but those of the epoch and what its newcomers need", () => {
    const { leafKeys, leafNode } = testMember(suite0001, random)
    const tree = RatchetTree.ofCreator(suite0001, leafNode)
    const before = { cipherSuite: suite0001.id, groupId, epoch: 1n, treeHash: tree.treeHash(), extensions: [] }
    const header = {
      groupId,
      epoch: 1n,
      authenticatedData: new Uint8Array(0),
      sender: { kind: "member", leafIndex: 0 },
    } as const
    const content = frameContent(header, { kind: "commit", commit: { proposals: [], path: undefined } })
    const { suite, secretsLeft } = watchSecrets(suite0001)
    const opened = openNextEpoch({
      suite,
      previous: {
        context: makeGroupContext({ ...before, confirmedTranscriptHash: random(32) }),
        interimTranscriptHash: random(32),
      },
      tree,
      keys: new TreePrivateState(0, leafKeys.privateKey),
      extensions: [],
      initSecret: random(32),
      commitSecret: random(32),
      psks: [{ id: { kind: "external", pskId: Uint8Array.of(1), pskNonce: random(32) }, secret: random(32) }],
      commit: { wireFormat: "public_message", content, signature: random(64) },
    })
    const { secrets, secretTree } = opened.epoch
    expect(new Set(secretsLeft())).toEqual(
      new Set([opened.joinerSecret, opened.welcomeSecret, ...Object.values(secrets), secretTree.encryptionSecret]),
    )
  })
})
