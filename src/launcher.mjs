#!/usr/bin/env node
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadProgram, purposeOf } from './load-program.mjs'

const words = process.argv.slice(2)
const purpose = purposeOf(words, process.stdout.isTTY === true)
loadProgram(dirname(fileURLToPath(import.meta.url)), purpose, { compiled: true }).program.main(words)
