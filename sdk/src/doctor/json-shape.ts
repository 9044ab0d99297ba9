/** Why a capsule is refused. */
export type CapsuleErrorCode =
  /** Longer than any capsule. */
  | "too_large"
  /** Lists or objects within each other, or more of them, than any capsule has. */
  | "too_deep"
  | "not_json"
  /** Of a later version of the format. */
  | "unknown_version"
  /** A field is missing, unknown, or has a value that it cannot have. */
  | "malformed"
  /** It says what a capsule may say, but not in the one way in which it is written. */
  | "not_canonical"

/** A capsule that cannot be read. Its message holds nothing of what is in the file but the names of fields. */
export class CapsuleError extends Error {
  override readonly name = "CapsuleError"
  readonly code: CapsuleErrorCode
  /** Where in the document, as far as that can be said: `groups[0].outbox`. */
  readonly path: string

  constructor(code: CapsuleErrorCode, path = "") {
    super(`not a capsule: ${code}${path === "" ? "" : ` at ${path}`}`)
    this.code = code
    this.path = path
  }
}

/** What a JSON value must look like; gives it back with its fields in the order in which they are written. */
export interface Shape<T> {
  /** @throws CapsuleError `malformed` */
  read(value: unknown, path: string): T
}

type Fields<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> }

/** An object with exactly these fields. */
export function exactly<T extends object>(fields: Fields<T>): Shape<T> {
  const names = Object.keys(fields)
  return shape((value, path) => {
    const found = objectOf(value, path)
    for (const name of names) if (!Object.hasOwn(found, name)) throw malformed(`${path}.${name}`)
    return readFields(fields, found, path) as T
  })
}

/** An object with any of these fields. */
export function anyOf<T extends object>(fields: Fields<T>): Shape<Partial<T>> {
  return shape((value, path) => readFields(fields, objectOf(value, path), path) as Partial<T>)
}

/** A list of at most `limit` values. */
export function listOf<T>(item: Shape<T>, limit: number): Shape<readonly T[]> {
  return shape((value, path) => {
    if (!Array.isArray(value) || value.length > limit) throw malformed(path)
    return value.map((one, at) => item.read(one, `${path}[${at}]`))
  })
}

/** One of these values. */
export function oneOf<const T extends string | number>(values: readonly T[]): Shape<T> {
  return shape((value, path) => {
    const found = values.find((one) => one === value)
    if (found === undefined) throw malformed(path)
    return found
  })
}

/** A text of this form. */
export function matching(pattern: RegExp): Shape<string> {
  return shape((value, path) => {
    if (typeof value !== "string" || !pattern.test(value)) throw malformed(path)
    return value
  })
}

/** An integer in this range. */
export function integer(least: number, most: number): Shape<number> {
  return shape((value, path) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < least || value > most) throw malformed(path)
    if (Object.is(value, -0)) throw malformed(path)
    return value
  })
}

export const flag: Shape<boolean> = {
  read(value, path) {
    if (typeof value !== "boolean") throw malformed(path)
    return value
  },
}

/** A value, or null where nothing is known. */
export function orNull<T>(inner: Shape<T>): Shape<T | null> {
  return shape((value, path) => (value === null ? null : inner.read(value, path)))
}

const shape = <T>(read: (value: unknown, path: string) => T): Shape<T> => ({ read })

const malformed = (path: string): CapsuleError => new CapsuleError("malformed", path.replace(/^\./, ""))

function objectOf(value: unknown, path: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(path)
  return value as Readonly<Record<string, unknown>>
}

/** In the order of `fields`. What is in `found` beyond them is no field of ours, and its name is not repeated. */
function readFields(
  fields: Readonly<Record<string, Shape<unknown>>>,
  found: Readonly<Record<string, unknown>>,
  path: string,
): Record<string, unknown> {
  if (Object.keys(found).some((name) => !Object.hasOwn(fields, name))) throw malformed(path)
  const present = Object.entries(fields).filter(([name]) => Object.hasOwn(found, name))
  return Object.fromEntries(present.map(([name, field]) => [name, field.read(found[name], `${path}.${name}`)]))
}
