import type { CipherSuite } from "@qpc/crypto"
import { decodeWhole, DecodeError, encode, Reader, withScratch, Writer } from "@qpc/wire"
import { readCapabilities, writeCapabilities } from "./capabilities.ts"
import type { Capabilities } from "./capabilities.ts"
import { readCredential, writeCredential } from "./credential.ts"
import type { Credential } from "./credential.ts"
import { readExtensions, writeExtensions } from "./extension.ts"
import type { Extension } from "./extension.ts"
import { signWithLabel, verifyWithLabel } from "./labels.ts"
import { readLifetime, writeLifetime } from "./lifetime.ts"
import type { Lifetime } from "./lifetime.ts"

/** Longer ones cost an allocation more. */
const USUAL_BYTES = 512

/** How a leaf node came into being (RFC 9420 §7.2), with the field that only this origin has. */
export type LeafNodeSource =
  | { readonly kind: "key_package"; readonly lifetime: Lifetime }
  | { readonly kind: "update" }
  | { readonly kind: "commit"; readonly parentHash: Uint8Array }

/** What the owner of a leaf node says in it, before signing (RFC 9420 §7.2). */
export interface LeafNodeContent {
  readonly encryptionKey: Uint8Array
  readonly signatureKey: Uint8Array
  readonly credential: Credential
  readonly capabilities: Capabilities
  readonly leafNodeSource: LeafNodeSource
  readonly extensions: readonly Extension[]
}

/** A member as it appears in the tree (RFC 9420 §7.2). Decoded only: nothing in it has been checked. */
export interface LeafNode extends LeafNodeContent {
  readonly signature: Uint8Array
  /** The whole node as it was read: what tree hashes and references cover. */
  readonly encoded: Uint8Array
  /** The beginning of {@link encoded} that ends before the signature. */
  readonly signed: Uint8Array
}

/** Where a leaf node stands: part of what `update` and `commit` nodes sign (RFC 9420 §7.2, LeafNodeTBS). */
export interface LeafPlace {
  readonly groupId: Uint8Array
  readonly leafIndex: number
}

/**
 * Reads a LeafNode (RFC 9420 §7.2). Returns views.
 *
 * @throws DecodeError `reserved_value` for an unlisted leaf_node_source, and what its fields throw
 */
export function readLeafNode(reader: Reader): LeafNode {
  const start = reader.offset
  const content = {
    encryptionKey: reader.vector(),
    signatureKey: reader.vector(),
    credential: readCredential(reader),
    capabilities: readCapabilities(reader),
    leafNodeSource: readLeafNodeSource(reader),
    extensions: readExtensions(reader),
  }
  const signed = reader.since(start)
  const signature = reader.vector()
  return { ...content, signature, encoded: reader.since(start), signed }
}

/** Writes a LeafNode as it was read or signed (RFC 9420 §7.2). */
export function writeLeafNode(writer: Writer, leafNode: LeafNode): void {
  writer.bytes(leafNode.encoded)
}

/** Reads a LeafNode that fills `bytes`. Returns views. @throws DecodeError */
export function decodeLeafNode(bytes: Uint8Array): LeafNode {
  return decodeWhole(bytes, readLeafNode)
}

/**
 * A leaf node as a tree keeps it: encoded, a tenth of what the decoded one takes. Nothing is copied on the way out: all that
 * is returned is borrowed.
 */
export class StoredLeafNode {
  readonly #buffer: ArrayBufferLike
  readonly #start: number
  readonly #lengthBytes: number

  /** Takes ownership of `encoded`, the bytes of a leaf node that was decoded before. */
  constructor(encoded: Uint8Array) {
    this.#buffer = encoded.buffer
    this.#start = encoded.byteOffset
    this.#lengthBytes = encoded.length
  }

  /** The whole node. */
  get encoded(): Uint8Array {
    return new Uint8Array(this.#buffer, this.#start, this.#lengthBytes)
  }

  get encryptionKey(): Uint8Array {
    return new Reader(this.encoded).vector()
  }

  get signatureKey(): Uint8Array {
    const reader = new Reader(this.encoded)
    reader.vector()
    return reader.vector()
  }

  /** Decodes the node, each time anew. */
  decode(): LeafNode {
    return decodeLeafNode(this.encoded)
  }
}

/** The bytes of a leaf node in memory of their own, so that they may outlive the message it came in. */
export function ownedEncoding({ encoded }: LeafNode): Uint8Array {
  return encoded.length === encoded.buffer.byteLength ? encoded : encoded.slice()
}

/**
 * Signs a leaf node with the key behind `content.signatureKey` (RFC 9420 §7.2).
 *
 * @param place - Needed for the sources `update` and `commit`, ignored for `key_package`.
 */
export function signLeafNode(
  suite: CipherSuite,
  signaturePrivateKey: Uint8Array,
  content: LeafNodeContent,
  place?: LeafPlace,
): LeafNode {
  return withScratch(USUAL_BYTES, (scratch) => {
    const writer = new Writer(scratch)
    writer.vector(content.encryptionKey).vector(content.signatureKey)
    writeCredential(writer, content.credential)
    writeCapabilities(writer, content.capabilities)
    writeLeafNodeSource(writer, content.leafNodeSource)
    writeExtensions(writer, content.extensions)
    const toBeSigned = leafNodeToBeSigned(content.leafNodeSource, writer.view(), place)
    writer.vector(signWithLabel(suite, signaturePrivateKey, "LeafNodeTBS", toBeSigned))
    return decodeLeafNode(writer.finish())
  })
}

/** True if the leaf node was signed by the key in it, for `place` (RFC 9420 §7.3). */
export function leafNodeSignatureIsValid(
  suite: Pick<CipherSuite, "verify">,
  leafNode: LeafNode,
  place?: LeafPlace,
): boolean {
  const { leafNodeSource, signed, signatureKey, signature } = leafNode
  const toBeSigned = leafNodeToBeSigned(leafNodeSource, signed, place)
  return verifyWithLabel(suite, signatureKey, "LeafNodeTBS", toBeSigned, signature)
}

function leafNodeToBeSigned(source: LeafNodeSource, signed: Uint8Array, place?: LeafPlace): Uint8Array {
  if (source.kind === "key_package") return signed
  if (place === undefined) throw new TypeError(`a leaf node from ${source.kind} is signed for a place in a group`)
  return encode((writer) => writer.bytes(signed).vector(place.groupId).uint32(place.leafIndex))
}

function readLeafNodeSource(reader: Reader): LeafNodeSource {
  const start = reader.offset
  switch (reader.uint8()) {
    case 1:
      return { kind: "key_package", lifetime: readLifetime(reader) }
    case 2:
      return { kind: "update" }
    case 3:
      return { kind: "commit", parentHash: reader.vector() }
    default:
      throw new DecodeError("reserved_value", start)
  }
}

function writeLeafNodeSource(writer: Writer, source: LeafNodeSource): void {
  switch (source.kind) {
    case "key_package":
      writeLifetime(writer.uint8(1), source.lifetime)
      return
    case "update":
      writer.uint8(2)
      return
    case "commit":
      writer.uint8(3).vector(source.parentHash)
  }
}
