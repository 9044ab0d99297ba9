import { receiveEnvelope } from "@qpc/group"
import type { EnvelopeKind } from "@qpc/group"
import { equalBytes } from "@qpc/wire"
import type { DeviceKey, IdentityKey } from "@qpc/wire"
import { ImpossibleStep } from "./impossible.ts"
import type { Made, Mode } from "./participant.ts"
import type { MessageSelector } from "./scenario.ts"

/** A message on its way. */
interface Artifact {
  readonly sender: string
  readonly actionId: string
  readonly publication: string | undefined
  readonly kind: EnvelopeKind
  readonly recipients: readonly DeviceKey[]
  readonly envelope: Uint8Array
  /** Clients from whom the relay hides it. */
  readonly hiddenFrom: Set<string>
}

/** Where a message comes from. */
export interface Sending {
  readonly sender: string
  readonly actionId: string
  readonly publication: string | undefined
}

/** Who is there to receive. */
export interface Reader {
  readonly label: string
  readonly self: IdentityKey
}

/**
 * What carries messages. Without a delivery service everybody hears everything, also who is not meant; with one, its recipients alone.
 * Everything that was delivered stays in a history that can be asked for again.
 */
export class Network {
  readonly #mode: Mode
  #queue: Artifact[] = []
  readonly #history: Artifact[] = []
  readonly #cursors = new Map<string, number>()
  readonly #withheld = new Map<string, Artifact>()

  constructor(mode: Mode) {
    this.#mode = mode
  }

  /** Messages that nobody got yet. */
  get queuedCount(): number {
    return this.#queue.length
  }

  send(made: Made, sending: Sending): void {
    for (const { recipients, envelope } of made.deliveries) {
      this.#queue.push({ ...sending, kind: kindOf(envelope), recipients, envelope, hiddenFrom: new Set() })
    }
  }

  /** What this reader has not had yet, in order. */
  newFor(reader: Reader): readonly Uint8Array[] {
    this.#settle()
    const from = this.#cursors.get(reader.label) ?? 0
    this.#cursors.set(reader.label, this.#history.length)
    return this.#history.slice(from).flatMap((artifact) => this.#readBy(reader, artifact))
  }

  /** Everything that this reader may have, again. */
  allFor(reader: Reader): readonly Uint8Array[] {
    this.#settle()
    this.#cursors.set(reader.label, this.#history.length)
    return this.#history.flatMap((artifact) => this.#readBy(reader, artifact))
  }

  omit(selector: MessageSelector): void {
    const found = this.#find(this.#queue, selector)
    this.#queue = this.#queue.filter((one) => one !== found)
  }

  duplicate(selector: MessageSelector): void {
    const found = this.#find(this.#queue, selector)
    this.#queue.splice(this.#queue.indexOf(found) + 1, 0, { ...found })
  }

  withhold(selector: MessageSelector, label: string): void {
    const found = this.#find(this.#queue, selector)
    this.#queue = this.#queue.filter((one) => one !== found)
    this.#withheld.set(label, found)
  }

  release(label: string): void {
    const found = this.#withheld.get(label)
    if (found === undefined) throw new Error(`nothing is withheld under ${label}`)
    this.#withheld.delete(label)
    this.#queue.push(found)
  }

  /** Those that are named come first, in this order. */
  reorder(order: readonly MessageSelector[]): void {
    const first = order.map((selector) => this.#find(this.#queue, selector))
    this.#queue = [...first, ...this.#queue.filter((one) => !first.includes(one))]
  }

  setVisibility(selector: MessageSelector, clients: readonly string[], isVisible: boolean): void {
    this.#settle()
    const { hiddenFrom } = this.#find(this.#history, selector)
    for (const client of clients) {
      if (isVisible) hiddenFrom.delete(client)
      else hiddenFrom.add(client)
    }
  }

  #settle(): void {
    this.#history.push(...this.#queue.splice(0))
  }

  #readBy({ label, self }: Reader, { sender, recipients, envelope, hiddenFrom }: Artifact): readonly Uint8Array[] {
    if (sender === label || hiddenFrom.has(label)) return []
    const isMeant = recipients.some((recipient) => equalBytes(recipient, self))
    return isMeant || this.#mode === "serverless" ? [envelope] : []
  }

  #find(among: readonly Artifact[], selector: MessageSelector): Artifact {
    if (this.#mode === "ordered") {
      throw new ImpossibleStep("the delivery service hands each message over once and in order, to all or to none")
    }
    const found = among.filter((artifact) => fits(artifact, selector))[selector.occurrence ?? 0]
    if (found === undefined) throw new Error(`no message fits ${JSON.stringify(selector)}`)
    return found
  }
}

function fits(artifact: Artifact, selector: MessageSelector): boolean {
  const { sender, publication, action_id: actionId, class: kind } = selector
  if (sender !== undefined && sender !== artifact.sender) return false
  if (publication !== undefined && publication !== artifact.publication) return false
  if (actionId !== undefined && actionId !== artifact.actionId) return false
  if (kind === "group_message") return artifact.kind !== "welcome"
  return kind === undefined || kind === artifact.kind
}

function kindOf(envelope: Uint8Array): EnvelopeKind {
  const received = receiveEnvelope(envelope)
  if (received.kind === "drop") throw new Error(`a member made no envelope: ${received.reason}`)
  return received.envelope.kind
}
