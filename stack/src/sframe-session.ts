import { BASE_KEY_LABEL, SFrameSession as Session } from "@qpc/sframe"
import type { SFrameCipher } from "@qpc/crypto"
import { cipherOf } from "./audio-frames.ts"
import { memberOf } from "./mls-context.ts"
import type { MlsContext } from "./mls-context.ts"
import { enterEpoch, sealWith, sendingSession } from "./sframe-senders.ts"
import { StackError } from "./stack-error.ts"

/** AES-128-GCM with SHA-256, the default. */
export const AES_128_GCM = 0
/** AES-256-GCM with SHA-512. */
export const AES_256_GCM = 1

/** One of the two. */
export type SFrameCipherSuite = typeof AES_128_GCM | typeof AES_256_GCM

/** What came out of a frame. */
export interface SFrameDecryptResult {
  readonly plaintext: Uint8Array
  /** The leaf whose key it is under. All members have the keys of all: that it is really its member's, nobody has proved. */
  readonly senderLeaf: number
}

/** Code points of the SFrame registry (RFC 9605 §8.1). */
const CODE_POINTS: Readonly<Record<SFrameCipherSuite, number>> = { [AES_128_GCM]: 4, [AES_256_GCM]: 5 }
const NOTHING = new Uint8Array(0)

/**
 * Media frames of one epoch of a group (SFrame, RFC 9605), for applications that carry them themselves; audio of nodes is sealed so
 * anyway. Make a new one after each commit.
 */
export class SFrameSession implements Disposable {
  readonly #session: Session
  readonly #epoch: bigint

  private constructor(session: Session, epoch: bigint) {
    this.#session = session
    this.#epoch = epoch
  }

  /** @param label - What the base key is exported under; all members take the same. @throws StackError `closed`, `removed` */
  static create(
    mls: MlsContext,
    label: string = BASE_KEY_LABEL,
    suite: SFrameCipherSuite = AES_128_GCM,
  ): SFrameSession {
    const member = memberOf(mls)
    const cipher = suiteOf(suite)
    const session = new Session({ cipher, context: 0n })
    enterEpoch(session, { member, label, cipher })
    return new SFrameSession(session, member.epoch)
  }

  /**
   * What encrypts our own frames. All encryptors of one context, epoch, label and suite share one counter.
   *
   * @param leafIndex - Ours: `MlsContext.leafIndex`.
   * @throws RangeError for another leaf, whose frames these would collide with
   * @throws StackError `other_group` once the context is in another epoch; `state_not_stored` for a restored context before its
   * `exportState`
   */
  createEncryptor(
    mls: MlsContext,
    leafIndex: number,
    label: string = BASE_KEY_LABEL,
    suite: SFrameCipherSuite = AES_128_GCM,
  ): SFrameEncryptor {
    const member = memberOf(mls)
    if (leafIndex !== member.ownLeafIndex) throw new RangeError(`our leaf is ${member.ownLeafIndex}, not ${leafIndex}`)
    if (member.epoch !== this.#epoch) {
      throw new StackError("other_group", "the epoch of this session is over: make a new session")
    }
    const session = sendingSession({ member, label, cipher: suiteOf(suite) })
    return new SFrameEncryptor((plaintext, metadata) => {
      if (session.epoch === undefined) throw closedEncryptor()
      return sealWith(session, plaintext, metadata)
    })
  }

  /**
   * Decrypts a frame, once.
   *
   * @param extraAad - As the sender named it.
   * @throws StackError `bad_message`; `reason` says why: `auth_failed`, `replayed`, …
   */
  decrypt(payload: Uint8Array, extraAad: Uint8Array = NOTHING): SFrameDecryptResult {
    const opened = this.#session.open(payload, 0, extraAad)
    if (opened.kind === "dropped") {
      throw new StackError("bad_message", "the frame does not decrypt", { reason: opened.reason })
    }
    return { plaintext: opened.plaintext, senderLeaf: opened.leafIndex }
  }

  /** Zeroes the keys. */
  close(): void {
    this.#session[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Encrypts our own media frames; made by {@link SFrameSession.createEncryptor}. */
export class SFrameEncryptor implements Disposable {
  #seal: ((plaintext: Uint8Array, metadata: Uint8Array) => Uint8Array) | undefined

  /** @param seal - What encrypts; throws once its keys are gone. */
  constructor(seal: (plaintext: Uint8Array, metadata: Uint8Array) => Uint8Array) {
    this.#seal = seal
  }

  /**
   * A frame: SFrame header, ciphertext, tag.
   *
   * @param extraAad - Authenticated, not sent.
   * @throws StackError `epoch_exhausted` after 2^24 frames; `closed`, also once the epoch is over
   */
  encrypt(plaintext: Uint8Array, extraAad: Uint8Array = NOTHING): Uint8Array {
    if (this.#seal === undefined) throw closedEncryptor()
    return this.#seal(plaintext, extraAad)
  }

  /** The counter goes on for other encryptors. */
  close(): void {
    this.#seal = undefined
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function closedEncryptor(): StackError {
  return new StackError("closed", "the encryptor was closed, or its epoch is over: make a new session and encryptor")
}

/** @throws RangeError for a number that is no suite */
function suiteOf(suite: SFrameCipherSuite): SFrameCipher {
  const id: number | undefined = CODE_POINTS[suite]
  if (id === undefined) throw new RangeError(`the suites are AES_128_GCM and AES_256_GCM, not ${String(suite)}`)
  return cipherOf(id)
}
