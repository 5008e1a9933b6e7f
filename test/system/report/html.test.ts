import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { HostSnapshot } from '../../../src/model/snapshot.ts'
import { run } from '../../helpers/netns-command.ts'
import { builtProgram } from '../../helpers/netns-program.ts'
import { snapshotFixture, snapshotPath } from '../../helpers/snapshots.ts'

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']
const QUIET = ['--disable-component-update', '--disable-sync']

let browser: Browser
let program: string
let folder: string
let page: Page
/** What the page did that it should not. */
let faults: string[]
let requests: string[]

beforeAll(async () => {
  program = await builtProgram()
  folder = await mkdtemp(join(tmpdir(), 'tsnet-report-'))
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...FLAGS, ...QUIET] })
})

afterEach(async () => {
  await page?.close()
})

afterAll(async () => {
  await browser?.close()
  await rm(folder, { recursive: true, force: true })
})

async function writeReport(...from: string[]): Promise<string> {
  const file = join(folder, 'report.html')
  const words = from.flatMap((each) => ['--from', each])
  await run(process.execPath, [program, 'report', '--html', file, ...words])
  return file
}

async function openReport(...from: string[]): Promise<void> {
  const file = await writeReport(...from)
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
  faults = []
  requests = []
  page.on('console', (message) => faults.push(message.text()))
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('dialog', (dialog) => {
    faults.push(`dialog ${dialog.message()}`)
    void dialog.dismiss()
  })
  page.on('request', (request) => requests.push(request.url()))
  await page.goto(pathToFileURL(file).href)
}

/** A host that does not forward: a finding with a sysctl as its evidence. */
async function brokenHost(): Promise<string> {
  const snapshot = snapshotFixture('docker-host')
  const namespaces = snapshot.namespaces.map((each) =>
    each.owner.kind === 'host' ? { ...each, sysctls: { ...each.sysctls, 'net.ipv4.ip_forward': '0' } } : each,
  )
  const path = join(folder, 'broken.json')
  await writeFile(path, JSON.stringify({ ...snapshot, namespaces } satisfies HostSnapshot))
  return path
}

/** Marked when something of it does not arrive. */
async function sourceNamed(name: string): Promise<string> {
  const labels = await page.locator('#journey-from option').allTextContents()
  return labels.find((label) => label.split(' ').at(-1) === name) ?? name
}

const cells = () => page.locator('#table tbody tr').allInnerTexts()

describe('a report in Chromium, opened from a file', () => {
  test('asks nobody for anything and says nothing on the console', async () => {
    await openReport(snapshotPath('docker-host'))
    expect(await page.locator('#table tbody tr').count()).toBe(6)
    expect(await page.locator('.view svg .box').count()).toBeGreaterThanOrEqual(6)
    expect(faults).toEqual([])
    expect(requests).toHaveLength(1)
  })

  test('filters all tables by the words of the search, and sorts by a column', async () => {
    await openReport(snapshotPath('docker-host'))
    await page.getByRole('tab', { name: /^links/ }).click()
    const all = await page.locator('#table tbody tr').count()
    await page.locator('#search').fill('veth bridge')
    await page.locator('#search').fill('web eth0')
    expect((await cells()).every((row) => row.includes('web') && row.includes('eth0'))).toBe(true)
    expect(await page.locator('#table tbody tr').count()).toBeLessThan(all)
    await page.locator('#search').fill('')
    await page.getByRole('button', { name: /^MTU/ }).click()
    await page.getByRole('button', { name: /^MTU/ }).click()
    expect(await page.locator('th[aria-sort=descending]').textContent()).toContain('MTU')
    const at = (await page.locator('#table th').allInnerTexts()).findIndex((name) => name.startsWith('MTU'))
    const sizes = (await page.locator(`#table tbody td:nth-child(${at + 1})`).allInnerTexts()).map(Number)
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a))
    expect(faults).toEqual([])
  })

  test('a box of the picture leads to the tables of its namespace, by pointer and by keyboard', async () => {
    await openReport(snapshotPath('docker-host'))
    await page.locator('.view .box', { hasText: 'web (docker)' }).click()
    expect(await page.locator('#namespace option:checked').textContent()).toBe('web')
    await page.getByRole('tab', { name: /^addresses/ }).click()
    expect((await cells()).join('\n')).toContain('172.19.0.3/16')
    expect((await cells()).every((row) => row.startsWith('web'))).toBe(true)
    await page.locator('.view .box', { hasText: 'db (docker)' }).focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('#namespace option:checked').textContent()).toBe('db')
    const before = await page.locator('.view svg').getAttribute('viewBox')
    await page.locator('.view').focus()
    await page.keyboard.press('+')
    expect(await page.locator('.view svg').getAttribute('viewBox')).not.toBe(before)
    expect(faults).toEqual([])
  })

  test('the evidence of a finding leads to its row', async () => {
    await openReport(await brokenHost())
    const finding = page.locator('.finding', { hasText: 'ip-forward-off' })
    expect(await finding.textContent()).toContain('sysctl -w net.ipv4.ip_forward=1')
    await finding.getByRole('link', { name: /net.ipv4.ip_forward = 0/ }).click()
    expect(await page.locator('tr.lit td').allTextContents()).toEqual(['host', 'net.ipv4.ip_forward', '0'])
    expect(await page.locator('tr.lit').isVisible()).toBe(true)
    expect(await page.locator('.view .box.on').textContent()).toContain('host')
  })

  test('a journey is shown hop by hop, and its boxes are lit', async () => {
    await openReport(snapshotPath('docker-host'))
    await page.locator('#journey-from').selectOption({ label: await sourceNamed('web') })
    const options = await page.locator('#journey-to option').allInnerTexts()
    const toDb = options.find((text) => text.includes('172.19.0.2')) ?? ''
    await page.locator('#journey-to').selectOption({ label: toDb })
    expect(await page.locator('#journey').textContent()).toMatch(/^web → 172\.19\.0\.2.*\n +1 web +socket/)
    expect((await page.locator('.view .box.on').allTextContents()).join('\n')).toMatch(
      /host \(host\)[\s\S]*web \(docker\)/,
    )
    expect(faults).toEqual([])
  })

  test('two hosts are two pictures', async () => {
    await openReport(snapshotPath('docker-host'), await brokenHost())
    expect(await page.locator('.picture').count()).toBe(2)
    expect(await page.locator('#namespace option').count()).toBe(1 + 2 * 6)
    expect(faults).toEqual([])
  })

  test('hostile names are text', async () => {
    await openReport(snapshotPath('hostile'))
    expect(await page.locator('img, iframe, script:not([type="application/json"])').count()).toBe(1)
    expect(await page.locator('#table').textContent()).toContain('we\\x1b[31mb')
    for (const tab of await page.getByRole('tab').all()) await tab.click()
    expect(faults).toEqual([])
    expect(requests).toHaveLength(1)
  })
})

test('a report is for its writer alone, and a path that cannot be written leaves nothing behind', async () => {
  const file = await writeReport(snapshotPath('docker-host'))
  expect((await readFile(file, 'utf8')).startsWith('<!doctype html>')).toBe(true)
  const words = ['report', '--from', snapshotPath('docker-host'), '--html', join(folder, 'none/report.html')]
  await expect(run(process.execPath, [program, ...words])).rejects.toThrow(/ENOENT/)
})
