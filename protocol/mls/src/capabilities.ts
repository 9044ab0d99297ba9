import { readList } from "@qpc/wire"
import type { Reader, Writer } from "@qpc/wire"
import { isDefaultExtension } from "./extension.ts"

/** What a client can do (RFC 9420 §7.2), as code points. Unknown and GREASE values are kept and mean nothing. */
export interface Capabilities {
  readonly versions: readonly number[]
  readonly cipherSuites: readonly number[]
  /** Non-default extension types. */
  readonly extensions: readonly number[]
  /** Non-default proposal types. */
  readonly proposals: readonly number[]
  readonly credentials: readonly number[]
}

/** What a group asks of every member (RFC 9420 §11.1), the content of a `required_capabilities` extension. */
export interface RequiredCapabilities {
  readonly extensionTypes: readonly number[]
  readonly proposalTypes: readonly number[]
  readonly credentialTypes: readonly number[]
}

/** The longest list of code points that is read, in bytes: every registered value fits many times. */
const CODE_POINTS_LIMIT_BYTES = 8192

/** Reads Capabilities (RFC 9420 §7.2). @throws DecodeError `too_large` above {@link CODE_POINTS_LIMIT_BYTES} a list */
export function readCapabilities(reader: Reader): Capabilities {
  return {
    versions: readCodePoints(reader),
    cipherSuites: readCodePoints(reader),
    extensions: readCodePoints(reader),
    proposals: readCodePoints(reader),
    credentials: readCodePoints(reader),
  }
}

/** Writes Capabilities (RFC 9420 §7.2). */
export function writeCapabilities(writer: Writer, capabilities: Capabilities): void {
  writeCodePoints(writer, capabilities.versions)
  writeCodePoints(writer, capabilities.cipherSuites)
  writeCodePoints(writer, capabilities.extensions)
  writeCodePoints(writer, capabilities.proposals)
  writeCodePoints(writer, capabilities.credentials)
}

/** Reads RequiredCapabilities (RFC 9420 §11.1). */
export function readRequiredCapabilities(reader: Reader): RequiredCapabilities {
  return {
    extensionTypes: readCodePoints(reader),
    proposalTypes: readCodePoints(reader),
    credentialTypes: readCodePoints(reader),
  }
}

/** Writes RequiredCapabilities (RFC 9420 §11.1). */
export function writeRequiredCapabilities(writer: Writer, required: RequiredCapabilities): void {
  writeCodePoints(writer, required.extensionTypes)
  writeCodePoints(writer, required.proposalTypes)
  writeCodePoints(writer, required.credentialTypes)
}

/** True if extensions of this type may be used towards the client: it is a default (RFC 9420 §7.2) or listed. */
export function supportsExtension(capabilities: Capabilities, extensionType: number): boolean {
  return isDefaultExtension(extensionType) || capabilities.extensions.includes(extensionType)
}

function readCodePoints(reader: Reader): number[] {
  return readList(reader, (inner) => inner.uint16(), CODE_POINTS_LIMIT_BYTES)
}

function writeCodePoints(writer: Writer, codePoints: readonly number[]): void {
  writer.list(codePoints, (inner, codePoint) => inner.uint16(codePoint))
}
