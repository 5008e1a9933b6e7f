import { compileSchema } from '../../model/file/compile-schema.ts'
import { LAB_SCHEMA } from './lab-schema.ts'

export const labValidator = compileSchema(LAB_SCHEMA)
