import type { CipherSuite, KeyPair } from "@qpc/crypto"
import { equalBytes } from "@qpc/wire"
import type { GroupState } from "./group-state.ts"
import { ownLeaf } from "./own-leaf.ts"

/** The part of a group's state that is about the keys we sign with. */
type Signing = Pick<GroupState, "epoch" | "staged" | "ownCommit" | "queue"> & {
  signaturePrivateKey: Uint8Array
  nextSignatureKeys: readonly KeyPair[]
}

/**
 * Keeps a key pair that a leaf of ours brings along until the leaf takes effect or is given up. Copies.
 *
 * Messages of the current epoch are still signed with the key of the current leaf (RFC 9420 §6.1).
 */
export function holdNextKeys(state: Signing, { publicKey, privateKey }: KeyPair): void {
  const isHeld = state.nextSignatureKeys.some((keys) => equalBytes(keys.publicKey, publicKey))
  if (isHeld) return
  const copy = { publicKey: publicKey.slice(), privateKey: new Uint8Array(privateKey) }
  state.nextSignatureKeys = [...state.nextSignatureKeys, copy]
}

/**
 * Goes over to the key of our leaf once a commit took effect. What is not needed any more is zeroed: the key until now, and
 * those of leaves that did not come to be.
 *
 * @param before - The signature key of our leaf in the epoch that is over.
 */
export function adoptLeafKey(state: Signing, before: Uint8Array): void {
  const { signatureKey } = ownLeaf(state)
  if (!equalBytes(before, signatureKey)) {
    const next = state.nextSignatureKeys.find(({ publicKey }) => equalBytes(publicKey, signatureKey))
    if (next === undefined) throw new Error("unreachable: a leaf of ours with a key that we do not have")
    state.signaturePrivateKey.fill(0)
    state.signaturePrivateKey = next.privateKey.slice()
  }
  zeroNextKeys(state)
}

/** Zeroes the keys of leaves that neither our pending commit nor an Update of ours brings along any more. */
export function dropIdleKeys(state: Signing): void {
  const needed = pendingKeys(state)
  const isNeeded = (keys: KeyPair): boolean => needed.some((key) => equalBytes(key, keys.publicKey))
  for (const keys of state.nextSignatureKeys) if (!isNeeded(keys)) keys.privateKey.fill(0)
  state.nextSignatureKeys = state.nextSignatureKeys.filter(isNeeded)
}

/** Zeroes all keys that are not in use yet. */
export function zeroNextKeys(state: Pick<Signing, "nextSignatureKeys">): void {
  for (const { privateKey } of state.nextSignatureKeys) privateKey.fill(0)
  state.nextSignatureKeys = []
}

/**
 * Gives a woken state the keys that it signs with: that of its leaf, and those of leaves that are on their way. In which
 * order they are passed does not matter: whoever crashed may not know which of them is in use.
 *
 * @throws RangeError if one of them is missing
 */
export function takeSignatureKeys(suite: CipherSuite, state: Signing, passed: readonly KeyPair[]): void {
  const pairs = passed.map(({ privateKey }) => ({ privateKey, publicKey: suite.signaturePublicKey(privateKey) }))
  const find = (signatureKey: Uint8Array): KeyPair => {
    const found = pairs.find(({ publicKey }) => publicKey !== undefined && equalBytes(publicKey, signatureKey))
    if (found === undefined) throw new RangeError("the signature keys are not those of our leaf")
    return { publicKey: signatureKey, privateKey: found.privateKey }
  }
  const { signatureKey } = ownLeaf(state)
  state.signaturePrivateKey = new Uint8Array(find(signatureKey).privateKey)
  for (const key of pendingKeys(state)) if (!equalBytes(key, signatureKey)) holdNextKeys(state, find(key))
}

/** The signature keys in leaves of ours that wait for a commit to take effect. */
function pendingKeys({ epoch, staged, ownCommit, queue }: Signing): Uint8Array[] {
  const keys: Uint8Array[] = []
  const next = ownCommit && staged.get(ownCommit.staged)
  const leaf = next?.tree.leaf(epoch.keys.leafIndex)
  if (leaf !== undefined) keys.push(leaf.signatureKey)
  for (const { proposal, updateKey } of queue.values()) {
    if (proposal.kind === "update" && updateKey !== undefined) keys.push(proposal.leafNode.signatureKey)
  }
  return keys
}
