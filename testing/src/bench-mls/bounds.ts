import type { OperationName } from "./operations.ts"

/** A primitive of a cipher suite, as `CipherSuite` of `@qpc/crypto` names it. */
export type Primitive =
  | "hash"
  | "mac"
  | "extract"
  | "expand"
  | "aeadSeal"
  | "aeadOpen"
  | "sign"
  | "verify"
  | "kemKeyPair"
  | "hpkeSeal"
  | "hpkeOpen"

/** Part of what an operation cannot do without. */
export interface Step {
  readonly primitive: Primitive
  readonly count: number
  /** Length of what each works on; less than what is there rather than more. */
  readonly inputBytes: number
  /** Why nobody can leave it out. */
  readonly because: string
}

/** Suites whose hash has 32 bytes, basic credentials of a few bytes: what the smallest structures come to. */
const [SECRET, LEAF, NODE_HASH_INPUT, INFO, CONTENT] = [32, 160, 66, 20, 200]

/**
 * What one operation on a group of `memberCount` takes at the very least, whoever implements RFC 9420 in whatever
 * language, or `undefined` where that says nothing.
 *
 * The group is that of `cast.ts`: the creator at leaf 0 acts, blank parents until warmed. Messages are private ones.
 */
export function boundOf(operation: OperationName, memberCount: number): readonly Step[] | undefined {
  const levels = Math.ceil(Math.log2(memberCount))
  switch (operation) {
    case "key_package":
      return [
        step("kemKeyPair", 2, SECRET, "§10: an init key and an encryption key, which differ"),
        step("sign", 2, LEAF, "§7.2, §10: the leaf node and the key package are signed"),
      ]
    case "create":
      return [
        step("kemKeyPair", 1, SECRET, "§11: the leaf's encryption key"),
        step("sign", 1, LEAF, "§7.2: the leaf node is signed"),
        step("hash", 1, LEAF, "§7.8: tree hash of the only leaf"),
        ...epochSecrets(),
      ]
    case "add_all":
      return [...addition(memberCount - 1, 2 ** (levels + 1) - 1), ...firstHandshakeKeys(0), ...privateMessage()]
    case "add":
      return [...addition(1, Math.ceil(Math.log2(memberCount + 1)) + 1), ...privateMessage()]
    case "join":
      return joining(memberCount, levels)
    case "remove":
      return [...path(levelsAfterRemoval(memberCount), memberCount - 2), ...commitSecrets(), ...privateMessage()]
    case "update_cold":
      return [...ownCommit(levels), ...path(levels, memberCount - 1)]
    case "update_warm":
      return [...ownCommit(levels), ...path(levels, levels)]
    case "process":
      return following(levels)
    case "export":
      return [
        step("expand", 2, INFO, "§8.5: the secret of the label, and the exported one"),
        step("hash", 1, 0, "§8.5: the context goes in as its hash"),
      ]
    case "protect":
    case "protect_10k":
    case "unprotect":
    case "unprotect_10k":
      // Compared with node:crypto itself, see `../bench/mls-bound.ts`.
      return undefined
    case "save":
    case "load":
      return undefined
  }
}

/** `cases.ts` removes the member in the middle. Where that is leaf 1 there is nobody beside leaf 0: one level less (§4.1.2). */
function levelsAfterRemoval(memberCount: number): number {
  const levels = Math.ceil(Math.log2(memberCount))
  return memberCount >> 1 === 1 ? levels - 1 : levels
}

/** How many primitives of each kind the steps come to. */
export function countsOf(steps: readonly Step[]): Partial<Record<Primitive, number>> {
  const counts: Partial<Record<Primitive, number>> = {}
  for (const { primitive, count } of steps) counts[primitive] = (counts[primitive] ?? 0) + count
  return counts
}

function addition(added: number, hashedNodes: number): readonly Step[] {
  return [
    step("verify", 2 * added, LEAF, "§7.3, §10.1: leaf node and key package of everybody who is added"),
    step("hash", added, 2 * LEAF, "§12.4.3.1: the Welcome names each key package by its reference (§5.2)"),
    step("hash", hashedNodes, NODE_HASH_INPUT, "§7.8: nodes whose tree hash changes"),
    ...commitSecrets(),
    step("expand", 3, INFO, "§8, §12.4.3.1: welcome secret, and the key and nonce made of it"),
    step("sign", 1, CONTENT, "§12.4.3: the GroupInfo is signed"),
    step("aeadSeal", 1, CONTENT, "§12.4.3.1: and encrypted, once for all"),
    step("hpkeSeal", added, SECRET, "§12.4.3.1: the joiner secret goes to each newcomer"),
  ]
}

function joining(memberCount: number, levels: number): readonly Step[] {
  return [
    step("hpkeOpen", 1, SECRET, "§12.4.3.1: the joiner secret"),
    step("extract", 1, SECRET, "§8: member secret of joiner secret and PSKs"),
    step("expand", 3, INFO, "§8, §12.4.3.1: welcome secret, and the key and nonce made of it"),
    step("aeadOpen", 1, LEAF * memberCount, "§12.4.3.1: the GroupInfo, with the tree inside"),
    step("verify", 1, LEAF * memberCount, "§12.4.3.1: signature of the GroupInfo"),
    step("verify", memberCount, LEAF, "§12.4.3.1, §7.3: signature of each leaf"),
    step("hash", 2 ** levels, LEAF, "§7.8: each leaf, also blank ones"),
    step("hash", 2 ** levels - 1, NODE_HASH_INPUT, "§7.8: each parent, also blank ones"),
    ...epochSecrets(),
  ]
}

/** A path of the creator that `recipients` keys can open (§7.4–§7.6, §7.9). */
function path(levels: number, recipients: number): readonly Step[] {
  return [
    step("expand", 2 * levels, INFO, "§7.4: path and node secret of each level, the last one being the commit secret"),
    step("kemKeyPair", levels + 1, SECRET, "§7.4: a key for each level and one for the leaf"),
    step("hpkeSeal", recipients, SECRET, "§7.6: each level's secret to each key of the resolution beside it"),
    step("hash", levels, NODE_HASH_INPUT, "§7.9: a parent hash per level"),
    step("hash", levels + 1, NODE_HASH_INPUT, "§7.8: tree hashes of leaf and levels"),
    step("sign", 1, LEAF, "§7.2: the new leaf node is signed"),
  ]
}

/** The transcript and the key schedule of the epoch that a commit leads to, as its author makes them. */
function commitSecrets(): readonly Step[] {
  return [step("sign", 1, CONTENT, "§6.1: the commit is signed"), ...scheduledSecrets()]
}

function scheduledSecrets(): readonly Step[] {
  return [
    step("hash", 1, CONTENT, "§8.2: confirmed transcript hash"),
    step("extract", 2, SECRET, "§8: init secret with commit secret, joiner secret with PSKs"),
    step("expand", 1, INFO, "§8: joiner secret"),
    ...epochSecrets(),
  ]
}

/**
 * What an epoch secret becomes at once: it must be deleted (§9.2), so nothing can be derived from it later. One expansion
 * leads to it, which a group's very first epoch does not have (§11): that one is not counted there.
 */
function epochSecrets(): readonly Step[] {
  return [
    step("expand", 9, INFO, "§8, table 4: the secrets of the epoch"),
    step("mac", 1, SECRET, "§6.1: confirmation tag"),
    step("hash", 1, 2 * SECRET, "§8.2: interim transcript hash"),
  ]
}

/** Keys of one private message (§6.3, §9.1), the ratchet of its sender being there. */
function privateMessage(): readonly Step[] {
  return [
    step("expand", 3, INFO, "§9.1: key, nonce and next secret of the ratchet"),
    step("aeadSeal", 1, CONTENT, "§6.3.1: the content"),
    step("expand", 2, INFO, "§6.3.2: key and nonce for the sender data"),
    step("aeadSeal", 1, 12, "§6.3.2: the sender data"),
  ]
}

/** From the encryption secret down to one leaf: each level has two secrets, since the one above is deleted (§9, §9.2). */
function firstHandshakeKeys(levels: number): readonly Step[] {
  return [step("expand", 2 * levels + 2, INFO, "§9: the secret tree down to the sender, and its two ratchets")]
}

/** Each commit is the first message of its epoch. */
function ownCommit(levels: number): readonly Step[] {
  return [...commitSecrets(), ...firstHandshakeKeys(levels), ...privateMessage()]
}

/** A member in the other half of the tree shares only the root with the author. */
function following(levels: number): readonly Step[] {
  return [
    ...firstHandshakeKeys(levels),
    step("expand", 5, INFO, "§6.3.2, §9.1: keys of sender data and content, next secret of the ratchet"),
    step("aeadOpen", 1, 12 + 16, "§6.3.2: the sender data"),
    step("aeadOpen", 1, CONTENT, "§6.3.1: the content"),
    step("verify", 1, CONTENT, "§6.1: signature of the commit"),
    step("verify", 1, LEAF, "§7.3: signature of the new leaf"),
    step("hash", levels, NODE_HASH_INPUT, "§7.9: the parent hashes that the leaf vouches for"),
    step("hash", levels + 1, NODE_HASH_INPUT, "§7.8: tree hashes of leaf and levels"),
    step("hpkeOpen", 1, SECRET, "§7.6: the secret of the lowest common node"),
    step("expand", 2, INFO, "§7.4: node secret of the root, and the commit secret"),
    step("kemKeyPair", 1, SECRET, "§7.5: its key pair, compared with the public key in the path"),
    ...scheduledSecrets(),
  ]
}

function step(primitive: Primitive, count: number, inputBytes: number, because: string): Step {
  return { primitive, count, inputBytes, because }
}
