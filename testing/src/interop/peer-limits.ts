/** Where a peer is known not to speak RFC 9420, and how that shows. */
interface PeerLimit {
  readonly stack: string
  /** What one side says when they meet. */
  readonly shows: RegExp
  readonly why: string
}

/**
 * Deviations of peers that no adapter can work around: bytes differ. Each was looked at once; anything else that fails is
 * reported as failed.
 */
const PEER_LIMITS: readonly PeerLimit[] = [
  {
    stack: "ts-mls",
    shows: /Could not decode external_senders/,
    why: "ts-mls reads external_senders as one ExternalSender; RFC 9420 §12.1.8.1 makes it a list of them",
  },
  {
    stack: "ts-mls",
    shows: /external_pub_malformed|Invalid public key for the ciphersuite/,
    why: "ts-mls reads and writes external_pub as a bare key; RFC 9420 §12.4.3.2 makes it an HPKEPublicKey with a length",
  },
  {
    stack: "mls-ts",
    shows: /Generation is too old to be processed/,
    why: "the WebAssembly build of OpenMLS in mls-ts keeps no keys of past epochs",
  },
]

/** Why a story cannot be played by these stacks, if that is known. */
export function knownLimit(stacks: readonly string[], because: string): string | undefined {
  return PEER_LIMITS.find(({ stack, shows }) => stacks.includes(stack) && shows.test(because))?.why
}
