import type { ExplainedField, ExplainedFrame } from "./explained.ts"

/** Lines for a person. @param title - which frame this is: `frame 3 at byte 1024` */
export function frameLines(title: string, frame: ExplainedFrame): string[] {
  const kind = frame.kind === undefined ? "not a frame of the Group Protocol Stack" : frame.kind
  return [
    `${title}: ${kind}, ${frame.lengthBytes} ${frame.lengthBytes === 1 ? "byte" : "bytes"}`,
    ...fieldLines(frame.fields),
    ...listLines("anyone on the way reads:", frame.fault ? [] : frame.open),
    ...listLines("only members read:", frame.fault ? [] : frame.sealed),
    ...(frame.fault ? [`  wrong at byte ${frame.fault.offset}: ${frame.fault.reason}`] : []),
  ]
}

const VALUE_WIDTH = 38

function fieldLines(fields: readonly ExplainedField[]): string[] {
  if (fields.length === 0) return []
  const keyWidth = Math.max(...fields.map(({ key }) => key.length))
  const nameWidth = Math.max(...fields.map(({ name }) => name.length))
  return [
    `  byte  length  ${"field".padEnd(keyWidth + nameWidth + 2)}  ${"value".padEnd(VALUE_WIDTH)}  meaning`,
    ...fields.map(({ offset, lengthBytes, key, name, value, meaning }) => {
      const place = `${String(offset).padStart(6)}  ${String(lengthBytes).padStart(6)}`
      return `${place}  ${key.padEnd(keyWidth)}  ${name.padEnd(nameWidth)}  ${value.padEnd(VALUE_WIDTH)}  ${meaning}`
    }),
  ]
}

function listLines(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`  ${title}`, ...items.map((item) => `    - ${item}`)]
}
