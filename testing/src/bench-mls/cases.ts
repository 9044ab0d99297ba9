import type { Contender } from "../bench/measure.ts"
import { Cast, newcomers } from "./cast.ts"
import type { MessageBytes, Player } from "./implementation.ts"
import type { Library, Member, Repeatable } from "./library.ts"
import { repeat } from "./library.ts"
import type { OperationName } from "./operations.ts"

const TEXT = new Uint8Array(100).fill(0x61)
const LONG_TEXT = new Uint8Array(10_240).fill(0x61)

/**
 * What a library plays in groups of one size. Groups are made when an operation first needs them: one whose parents are
 * blank, and one that was warmed.
 */
export class Cases implements Player {
  readonly #library: Library
  readonly #memberCount: number
  #cold: Promise<Cast> | undefined
  #warm: Promise<Cast> | undefined

  constructor(library: Library, memberCount: number) {
    this.#library = library
    this.#memberCount = memberCount
  }

  /** The library doing an operation, or `undefined` where it cannot. */
  async contender(operation: OperationName): Promise<Contender | undefined> {
    const made = await this.#repeatable(operation)
    return made && contenderOf(this.#library.id, made.repeatable, made.member)
  }

  async messageBytes(): Promise<MessageBytes> {
    const cast = await this.cold()
    const { creator, newestNewcomer } = cast
    const { commit, welcome, tree } = cast.invitation
    const application = (await (await cast.newest()).protect(TEXT)).length
    const cold = await creator.update?.()
    const warm = (await this.#canCommit()) ? await (await this.warm()).creator.update!() : undefined
    const saved = await creator.save?.()
    return {
      keyPackage: newestNewcomer.keyPackageBytes,
      welcome: welcome.length,
      ...(tree && { treeBeside: tree.length }),
      addAll: commit.length,
      ...(cold && { updateCold: cold.length }),
      ...(warm && { updateWarm: warm.length }),
      application,
      ...(saved && { saved: saved.length }),
    }
  }

  /** The group that one commit made. */
  async cold(): Promise<Cast> {
    return await (this.#cold ??= Cast.of(this.#library, this.#memberCount))
  }

  /** A group of which the creator can reach everybody through few keys. */
  async warm(): Promise<Cast> {
    this.#warm ??= Cast.of(this.#library, this.#memberCount).then(async (cast) => {
      await cast.warm()
      return cast
    })
    return await this.#warm
  }

  async free(): Promise<void> {
    for (const cast of [this.#cold, this.#warm]) (await cast)?.free()
    this.#cold = undefined
    this.#warm = undefined
  }

  async #repeatable(operation: OperationName): Promise<Played | undefined> {
    switch (operation) {
      case "key_package":
        return { repeatable: await this.#library.keyPackaging() }
      case "create":
        return { repeatable: await this.#creating() }
      case "add_all":
        return { repeatable: await this.#addingAll() }
      case "update_cold":
        return updating(await this.cold())
      case "update_warm":
        return (await this.#canCommit()) ? updating(await this.warm()) : undefined
      case "process":
        return (await this.#canCommit()) ? await processing(await this.warm()) : undefined
      case "add":
      case "remove":
      case "join":
      case "export":
      case "protect":
      case "protect_10k":
      case "unprotect":
      case "unprotect_10k":
      case "save":
      case "load":
        return await inGroup(operation, await this.cold())
    }
  }

  async #canCommit(): Promise<boolean> {
    const { creator } = await this.cold()
    return creator.update !== undefined && creator.follow !== undefined
  }

  async #creating(): Promise<Repeatable> {
    const creator = await this.#library.newcomer()
    return { once: () => this.#library.create(creator) }
  }

  async #addingAll(): Promise<Repeatable> {
    const creator = await this.#library.newcomer()
    const people = await newcomers(this.#library, this.#memberCount - 1)
    let groups: Member[] = []
    return {
      prepare: async (count) => {
        for (const group of groups) group.free?.()
        groups = []
        for (let at = 0; at < count; at++) groups.push(await this.#library.create(creator))
      },
      once: nextOf(
        () => groups,
        (group) => group.add(people),
      ),
    }
  }
}

/** An operation, and the member in whose transactions it happens. */
interface Played {
  readonly repeatable: Repeatable
  readonly member?: Member
}

type OperationInGroup = Exclude<
  OperationName,
  "key_package" | "create" | "add_all" | "update_cold" | "update_warm" | "process"
>

async function inGroup(operation: OperationInGroup, cast: Cast): Promise<Played | undefined> {
  const { creator } = cast
  switch (operation) {
    case "add":
      return { repeatable: creator.adding(cast.outsider) }
    case "join":
      return { repeatable: cast.newestNewcomer.joining(cast.invitation) }
    case "export":
      return { repeatable: { once: () => creator.exportSecret() }, member: creator }
    case "protect":
      return await protecting(cast, TEXT)
    case "protect_10k":
      return await protecting(cast, LONG_TEXT)
    case "unprotect":
      return await unprotecting(cast, TEXT)
    case "unprotect_10k":
      return await unprotecting(cast, LONG_TEXT)
    case "save":
      return creator.save && { repeatable: { once: () => creator.save!() } }
    case "load":
      return await loading(creator)
    case "remove": {
      const repeatable = creator.removing?.(cast.memberCount >> 1)
      return repeatable && { repeatable }
    }
  }
}

async function loading(member: Member): Promise<Played | undefined> {
  if (member.save === undefined || member.load === undefined) return undefined
  const saved = await member.save()
  return { repeatable: { once: () => member.load!(saved) } }
}

/** The newest member sends what nobody opens, so that nobody is asked to skip what the creator sends. */
async function protecting(cast: Cast, text: Uint8Array): Promise<Played> {
  const member = await cast.newest()
  return { repeatable: { once: () => member.protect(text) }, member }
}

async function unprotecting(cast: Cast, text: Uint8Array): Promise<Played> {
  const { creator } = cast
  const member = await cast.newest()
  let messages: Uint8Array[] = []
  return {
    repeatable: {
      prepare: async (count) => {
        messages = []
        const sealing = async (): Promise<void> => {
          for (let at = 0; at < count; at++) messages.push(await creator.protect(text))
        }
        await inSession(creator, sealing)
      },
      once: nextOf(
        () => messages,
        (message) => member.unprotect(message),
      ),
    },
    member,
  }
}

function updating(cast: Cast): Played | undefined {
  const { creator } = cast
  if (creator.update === undefined) return undefined
  const remember = (commit: Uint8Array): void => cast.remember(commit)
  const once = (): unknown => {
    const made = creator.update!()
    return made instanceof Promise ? made.then(remember) : remember(made)
  }
  return { repeatable: { once } }
}

async function processing(cast: Cast): Promise<Played> {
  const { creator } = cast
  const member = await cast.newest()
  let commits: Uint8Array[] = []
  return {
    repeatable: {
      prepare: async (count) => {
        commits = []
        for (let at = 0; at < count; at++) commits.push(await creator.update!())
      },
      once: nextOf(
        () => commits,
        (commit) => member.follow!(commit),
      ),
    },
  }
}

/** Does something with each of the things that were prepared, in turn. */
function nextOf<T>(prepared: () => readonly T[], use: (one: T) => unknown): () => unknown {
  let from: readonly T[] | undefined
  let at = 0
  return () => {
    const all = prepared()
    if (all !== from) {
      from = all
      at = 0
    }
    return use(all[at++]!)
  }
}

function contenderOf(name: string, { prepare, once }: Repeatable, member: Member | undefined): Contender {
  const run = async (count: number): Promise<void> => {
    if (member === undefined) await repeat(count, once)
    else await inSession(member, async () => await repeat(count, once))
  }
  return prepare === undefined ? { name, run } : { name, prepare: async (count) => await prepare(count), run }
}

async function inSession(member: Member, work: () => Promise<void>): Promise<void> {
  await (member.session === undefined ? work() : member.session(work))
}
