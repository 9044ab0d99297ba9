/** A JSON Schema with the keywords that scenario files need (draft 2020-12); another keyword is an error, not a pass. */
export type Schema = { readonly [keyword: string]: unknown }

/** Finds a schema by the name of its file. */
export type SchemaFiles = (name: string) => Schema

const ANNOTATIONS = new Set(["$schema", "$id", "$defs", "title", "description"])

/** What is wrong with a value, each with its place; nothing if it fits. @throws Error for a keyword that is not known here */
export function violations(value: unknown, schema: Schema, files: SchemaFiles): readonly string[] {
  return check({ value, at: "", file: schema, files }, schema)
}

interface Place {
  readonly value: unknown
  readonly at: string
  /** The file that local references are looked up in. */
  readonly file: Schema
  readonly files: SchemaFiles
}

function check(place: Place, schema: Schema): readonly string[] {
  const found: string[] = []
  for (const [keyword, argument] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue
    const rule = RULES[keyword]
    if (rule === undefined) throw new Error(`this schema uses ${keyword}, which nobody checks`)
    found.push(...rule(place, argument, schema))
  }
  return found
}

type Rule = (place: Place, argument: unknown, schema: Schema) => readonly string[]

const complain = ({ at }: Place, what: string): readonly string[] => [`${at === "" ? "/" : at}: ${what}`]
const must = (place: Place, isFine: boolean, what: string): readonly string[] => (isFine ? [] : complain(place, what))
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
const objectOf = (value: unknown): Record<string, unknown> => (isObject(value) ? value : {})
const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
const inside = (place: Place, key: string | number, value: unknown): Place => ({
  ...place,
  value,
  at: `${place.at}/${key}`,
})

const RULES: Readonly<Record<string, Rule>> = {
  type: (place, type) => must(place, typeOf(place.value, type), `is not of type ${String(type)}`),
  const: (place, only) => must(place, isSame(place.value, only), `is not ${JSON.stringify(only)}`),
  enum: (place, some) =>
    must(
      place,
      arrayOf(some).some((one) => isSame(place.value, one)),
      "is none of the values there are",
    ),
  required: (place, names) =>
    arrayOf(names).flatMap((name) =>
      must(place, !isObject(place.value) || String(name) in place.value, `${String(name)} is missing`),
    ),
  properties: (place, properties) =>
    Object.entries(objectOf(properties)).flatMap(([name, schema]) =>
      isObject(place.value) && name in place.value
        ? check(inside(place, name, place.value[name]), objectOf(schema))
        : [],
    ),
  additionalProperties: (place, allowed, { properties }) => {
    const more = Object.entries(objectOf(place.value)).filter(([name]) => !(name in objectOf(properties)))
    if (allowed === false) return more.flatMap(([name]) => complain(place, `${name} is not known`))
    return more.flatMap(([name, value]) => check(inside(place, name, value), objectOf(allowed)))
  },
  items: (place, schema) =>
    arrayOf(place.value).flatMap((value, index) => check(inside(place, index, value), objectOf(schema))),
  minItems: (place, least) => must(place, sizeOf(place.value) >= Number(least), "has too few items"),
  minLength: (place, least) => must(place, sizeOf(place.value) >= Number(least), "is too short"),
  minProperties: (place, least) => must(place, sizeOf(place.value) >= Number(least), "has too few properties"),
  uniqueItems: (place, isUnique) => {
    const items = arrayOf(place.value).map((one) => JSON.stringify(one))
    return must(place, isUnique !== true || new Set(items).size === items.length, "has an item twice")
  },
  minimum: (place, least) => must(place, !(Number(place.value) < Number(least)), `is below ${String(least)}`),
  maximum: (place, most) => must(place, !(Number(place.value) > Number(most)), `is above ${String(most)}`),
  allOf: (place, schemas) => arrayOf(schemas).flatMap((schema) => check(place, objectOf(schema))),
  anyOf: (place, schemas) => must(place, fitting(place, schemas) > 0, "fits none of the forms there are"),
  oneOf: (place, schemas) => {
    const count = fitting(place, schemas)
    return must(place, count === 1, `fits ${count} of the forms there are, not one${typeNamed(place.value)}`)
  },
  $ref: (place, reference) => {
    const { schema, file } = resolve(place, String(reference))
    return check({ ...place, file }, schema)
  },
}

function fitting(place: Place, schemas: unknown): number {
  return arrayOf(schemas).filter((schema) => check(place, objectOf(schema)).length === 0).length
}

function typeOf(value: unknown, type: unknown): boolean {
  if (type === "integer") return Number.isSafeInteger(value)
  if (type === "array") return Array.isArray(value)
  if (type === "object") return isObject(value)
  if (type === "null") return value === null
  return typeof value === type
}

function sizeOf(value: unknown): number {
  if (typeof value === "string" || Array.isArray(value)) return value.length
  return isObject(value) ? Object.keys(value).length : Number.POSITIVE_INFINITY
}

function typeNamed(value: unknown): string {
  const { type } = objectOf(value)
  return typeof type === "string" ? ` (${type})` : ""
}

function resolve({ file, files }: Place, reference: string): { readonly schema: Schema; readonly file: Schema } {
  const [name = "", path = ""] = reference.split("#")
  const target = name === "" ? file : files(name)
  let schema: unknown = target
  for (const part of path.split("/").filter((one) => one !== "")) schema = objectOf(schema)[part]
  if (!isObject(schema)) throw new Error(`there is no schema ${reference}`)
  return { schema, file: target }
}
