import type { LayerLine } from "@qpc/group"
import type { Client, ClientOptions } from "./api.ts"
import { Calendar } from "./calendar.ts"
import { StoredClient } from "./client.ts"
import { isDiskFull } from "./client-error.ts"
import { Contacts } from "./contacts.ts"
import { Self } from "./context.ts"
import type { Context } from "./context.ts"
import { findMoreDamage, recordDamage } from "./damaged-groups.ts"
import { DeliveryKey } from "./delivery-key.ts"
import { EventHub } from "./event-hub.ts"
import { Groups } from "./groups.ts"
import { completeLimits } from "./limits.ts"
import { Link } from "./link.ts"
import type { Identity } from "./model.ts"
import { OutboxIndex } from "./outbox-index.ts"
import { isControl } from "./outgoing-kind.ts"
import { MissingHistories } from "./missing-history.ts"
import { ParkedIndex } from "./parked-index.ts"
import { Positions } from "./positions.ts"
import { Rejoining } from "./rejoining.ts"
import { Profile } from "./profile.ts"
import { Pulse } from "./pulse.ts"
import { replayParked, tick } from "./receive.ts"
import type { Store } from "./store.ts"
import { Tracer } from "./tracer.ts"
import { Turn } from "./turn.ts"
import { Sweeper } from "./disappearing.ts"
import { ProfileTime } from "./profile-time.ts"
import { upgradeMembers } from "./upgrade-members.ts"
import { Wakes } from "./wakes.ts"

/** Hashes have 32 bytes in the one suite that registration is defined for (auth.proto asks for SHA-256). */
const SUITE_ID = 1

/**
 * Wakes a profile: everything that was going on when it was closed, or killed, goes on. Does not connect by itself. A group of which what is
 * stored cannot be used keeps no other shut; see {@link Client.damagedGroups}.
 *
 * @throws ClientError `store_corrupt`
 * @throws RangeError for a limit that is not a positive integer, and for another cipher suite than 0x0001
 */
export async function openClient(options: ClientOptions): Promise<Client> {
  const { store, suite, clock: machine } = options
  if (suite.id !== SUITE_ID) throw new RangeError(`cipher suite ${suite.id} cannot register`)
  const suites = [suite, ...(options.otherSuites ?? [])]
  const limits = completeLimits(options.limits)
  const profile = new Profile(store)
  const clock = new Calendar(machine, await profile.calendar())
  const tracer = new Tracer(clock, options.onTrace)
  const onLayer = (line: LayerLine): void => tracer.line(line)
  const deliveryKey = new DeliveryKey(profile, await profile.deliveryKey())
  const members = {
    suites,
    epochLog: { crypto: suite, serverKey: () => deliveryKey.pinned },
    random: options.random,
    limits: { ...options.group, textBytes: limits.textBytes, pastEpochs: limits.pastEpochs },
    onLayer,
  }
  const context: Context = {
    store,
    profile,
    suite,
    suites,
    random: options.random,
    clock,
    limits,
    tracer,
    hub: new EventHub(limits.eventsUnread),
    pulse: new Pulse(clock),
    turn: new Turn(limits.callsWaiting),
    groups: new Groups(members),
    contacts: new Contacts(),
    outbox: new OutboxIndex(() => link.kick()),
    parked: new ParkedIndex(limits),
    missing: new MissingHistories(),
    rejoining: new Rejoining(clock, () => link.goOnRejoining()),
    self: new Self(),
    deliveryKey,
    cursor: { seq: await profile.cursor() },
    positions: await positions(profile),
    wakes: new Wakes(clock, (groupId) => link.run(tick(context, groupId))),
    time: new ProfileTime(machine, await profile.time()),
    sweeper: new Sweeper(
      () => context,
      (sweep) => link.run(sweep()),
    ),
  }
  const link: Link = new Link(context, {
    dial: options.dial,
    opaque: options.opaque,
    password: options.password,
    reconnect: options.reconnect,
  })
  await load(context)
  return new StoredClient(context, link, options)
}

async function positions(profile: Profile): Promise<Positions> {
  let lastOutbox = 0
  for await (const { position } of profile.outbox()) lastOutbox = position
  const [lastNotice] = await profile.notices(1)
  return new Positions(profile, lastOutbox, lastNotice?.position ?? 0)
}

async function load(context: Context): Promise<void> {
  const { store, profile, self, contacts, groups, outbox, parked, missing, rejoining, turn, sweeper } = context
  const identity = await profile.identity()
  await contacts.load(store)
  for await (const { groupId, envelope } of profile.parked()) parked.add(groupId, envelope.length)
  for await (const { position, record } of profile.outbox()) {
    outbox.add(record.outgoing.groupId, position, { missing: record.held?.missing, isControl: isControl(record) })
  }
  if (identity === undefined) return
  self.become(identity)
  await unlessFull(() => sweeper.sweep())
  await upgradeMembers(context, identity)
  await groups.load(profile, identity)
  await missing.load(profile)
  await rejoining.load(profile)
  await findMoreDamage(context)
  await unlessFull(() => turn.takeAlways(() => recordDamage(context)))
  for (const member of groups.all()) {
    const { groupId } = member
    if (parked.has(groupId)) await unlessFull(() => turn.takeAlways(() => replayParked(context, groupId)))
    await unlessFull(() => tick(context, groupId))
  }
}

/**
 * What is due is done before anybody looks. A full disk keeps nobody out of the profile: the sweeper and the groups try again by
 * themselves, and what is parked is looked at with each connection.
 */
async function unlessFull(due: () => Promise<void>): Promise<void> {
  try {
    await due()
  } catch (error) {
    if (!isDiskFull(error)) throw error
  }
}

/** Who the profile belongs to and where its server is, before there is a client. @throws ClientError `store_corrupt` */
export async function readIdentity(store: Store): Promise<Identity | undefined> {
  const identity = await new Profile(store).identity()
  if (identity === undefined) return undefined
  const self = new Self()
  self.become(identity)
  return self.identity
}
