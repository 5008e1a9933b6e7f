#!/usr/bin/env node
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { loadProgram } from './load-program.mjs'

const words = process.argv.slice(2)
const isScreen = process.stdout.isTTY === true && !words.some((word) => /^[a-z]/.test(word))
loadProgram(dirname(fileURLToPath(import.meta.url)), isScreen ? 'screen' : 'command').program.main(words)
