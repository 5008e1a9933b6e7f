import { compileSchema } from '../../model/file/compile-schema.ts'
import { CHECK_FILE_SCHEMA } from './check-schema.ts'

export const checkFileValidator = compileSchema(CHECK_FILE_SCHEMA)
