import type { CipherSuite } from "@qpc/crypto"
import { fromHex, toHex } from "@qpc/wire"
import { Group } from "../group.ts"
import { KeyPackageBundle } from "../key-package-bundle.ts"
import { decodeMlsMessage } from "../mls-message.ts"
import type { PskLookup } from "../psk.ts"
import type { Received } from "../received.ts"
import { expectHex, expectTrue } from "./expect.ts"
import { privateKeyOf } from "./private-key.ts"

/** A case of passive-client-*.json. */
export interface PassiveClientCase {
  readonly cipher_suite: number
  readonly external_psks: readonly { readonly psk_id: string; readonly psk: string }[]
  readonly key_package: string
  readonly signature_priv: string
  readonly encryption_priv: string
  readonly init_priv: string
  readonly welcome: string
  readonly ratchet_tree: string | null
  readonly initial_epoch_authenticator: string
  readonly epochs: readonly {
    readonly proposals: readonly string[]
    readonly commit: string
    readonly epoch_authenticator: string
  }[]
}

/** Nothing in the sets depends on the time: members judge no lifetimes unless they are told to. */
const NOW_MS = 0

/** RFC 9420 §12: someone who is added to a group and follows it without ever sending. */
export function checkPassiveClient(vector: PassiveClientCase, suite: CipherSuite): void {
  const psks = lookupOf(vector)
  using group = join(vector, suite, psks)
  expectHex("initial epoch authenticator", group.epochAuthenticator(), vector.initial_epoch_authenticator)
  for (const [at, epoch] of vector.epochs.entries()) {
    for (const proposal of epoch.proposals) {
      const received = group.receive(fromHex(proposal), NOW_MS, { psks })
      expectTrue(`proposal of epoch ${at}: ${outcomeOf(received)}`, received.kind === "proposal")
    }
    const received = group.receive(fromHex(epoch.commit), NOW_MS, { psks })
    if (received.kind !== "commit") throw new Error(`commit ${at}: ${outcomeOf(received)}`)
    group.merge(received.staged)
    expectHex(`epoch authenticator after commit ${at}`, group.epochAuthenticator(), epoch.epoch_authenticator)
  }
}

function join(vector: PassiveClientCase, suite: CipherSuite, psks: PskLookup): Group {
  const message = decodeMlsMessage(fromHex(vector.key_package))
  if (message.kind !== "key_package") throw new Error(`the key package is ${message.kind}`)
  const { kemPrivateKeyBytes, signaturePrivateKeyBytes } = suite.sizes
  const privateKey = privateKeyOf(vector.signature_priv, signaturePrivateKeyBytes)
  const publicKey = suite.signaturePublicKey(privateKey)
  expectHex("signature key", publicKey, toHex(message.message.leafNode.signatureKey))
  const bundle = KeyPackageBundle.of(suite, message.message, {
    initPrivateKey: privateKeyOf(vector.init_priv, kemPrivateKeyBytes),
    encryptionPrivateKey: privateKeyOf(vector.encryption_priv, kemPrivateKeyBytes),
  })
  const joined = Group.join({
    suite,
    welcome: fromHex(vector.welcome),
    bundles: [bundle],
    signatureKeys: { privateKey, publicKey: message.message.leafNode.signatureKey },
    psks,
    policy: { proposals: true, newMemberProposals: true, externalCommits: true },
    // Leaf nodes of the sets are valid from the beginning to the end of all time.
    limits: { leafLifetimeMs: Infinity },
    ...(vector.ratchet_tree === null ? {} : { ratchetTree: fromHex(vector.ratchet_tree) }),
  })
  if (joined.kind === "rejected") throw new Error(joined.reason)
  return joined.group
}

function lookupOf(vector: PassiveClientCase): PskLookup {
  const psks = new Map(vector.external_psks.map(({ psk_id, psk }) => [psk_id, fromHex(psk)]))
  return (id) => (id.kind === "external" ? psks.get(toHex(id.pskId)) : undefined)
}

function outcomeOf(received: Received): string {
  return received.kind === "rejected" ? received.reason : received.kind
}
