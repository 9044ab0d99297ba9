import type { Message, MessageInitShape } from "@bufbuild/protobuf"
import type { GenMessage } from "@bufbuild/protobuf/codegenv2"
import { GoingAwaySchema, SessionEndedSchema, type GoingAway, type SessionEnded } from "./gen/qpc/v1/common_pb.ts"
import { EnvelopePushedSchema, type EnvelopePushed } from "./gen/qpc/v1/delivery_pb.ts"

/** One row of the event table: something that a server tells without being asked. */
export interface EventRow<Name extends string, M extends Message> {
  /** 15 bits: the 16th marks a push on the wire. */
  readonly id: number
  readonly name: Name
  readonly message: GenMessage<M>
}

/** All events by name. */
export interface Events {
  readonly envelopePushed: EventRow<"envelopePushed", EnvelopePushed>
  readonly goingAway: EventRow<"goingAway", GoingAway>
  readonly sessionEnded: EventRow<"sessionEnded", SessionEnded>
}

/** The contract for pushes: what may be told, under which number, in which form. */
export const events: Events = {
  envelopePushed: { id: 1, name: "envelopePushed", message: EnvelopePushedSchema },
  goingAway: { id: 2, name: "goingAway", message: GoingAwaySchema },
  sessionEnded: { id: 3, name: "sessionEnded", message: SessionEndedSchema },
}

/** Any row of the table. */
export type Event = Events[keyof Events]
/** The name of any event. */
export type EventName = keyof Events
/** What a server may hand over to be pushed as this event. */
export type EventInitOf<E extends Event> = MessageInitShape<E["message"]>

type PushOf<E extends Event> =
  E extends EventRow<infer Name, infer M>
    ? {
        readonly name: Name
        /** 1 for the first push of a connection, then without gaps. */
        readonly sequence: bigint
        readonly message: M
      }
    : never

/** One received event; `switch (push.name)` tells which. */
export type Push = PushOf<Event>

const eventsById: ReadonlyMap<number, Event> = new Map(
  (Object.keys(events) as EventName[]).map((name) => [events[name].id, events[name]]),
)

/** The row behind a number from the wire, or undefined for one that this version does not know. */
export function eventById(id: number): Event | undefined {
  return eventsById.get(id)
}
