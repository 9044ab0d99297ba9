import { endpointMayBecome } from "@qpc/gbp"
import type { EndpointState } from "@qpc/gbp"
import type { NodeEvent } from "./node-event.ts"

/** Events that wait to be drained. The oldest go first: each call drains them, so that only calls that return none can pile them up. */
const EVENTS_MAX = 1024

/** Where a node stands, and what happened to it since somebody asked. */
export class NodeLife {
  #state: EndpointState = "idle"
  #events: NodeEvent[] = []

  get state(): EndpointState {
    return this.#state
  }

  /** Does nothing where the specification does not list the step. */
  become(state: EndpointState): void {
    if (!endpointMayBecome(this.#state, state)) return
    this.emit({ kind: "state_changed", fromState: this.#state.toUpperCase(), toState: state.toUpperCase() })
    this.#state = state
  }

  emit(event: NodeEvent): void {
    this.#events.push(event)
    if (this.#events.length > EVENTS_MAX) this.#events.shift()
  }

  /** Everything since the last time. */
  drain(): NodeEvent[] {
    const events = this.#events
    this.#events = []
    return events
  }
}
