import { quickStart } from "./quick-start.js"

process.stdout.write(await quickStart())
