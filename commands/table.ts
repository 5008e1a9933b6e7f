import type { Command, CommandEntry } from '../src/command.ts'

/** Every subcommand; its code is loaded when it is used. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'ns',
    summary: 'every network namespace and who owns it',
    load: async () => (await import('./ns.ts')).NS_COMMAND,
  },
  {
    name: 'show',
    summary: 'one kind of object: links, routes, rules, sockets, …',
    load: async () => (await import('./show.ts')).SHOW_COMMAND,
  },
  {
    name: 'snapshot',
    summary: 'everything as JSON, to keep, compare or send',
    load: async () => (await import('./snapshot.ts')).SNAPSHOT_COMMAND,
  },
  {
    name: 'diff',
    summary: 'what differs between two snapshots',
    load: async () => (await import('./diff.ts')).DIFF_COMMAND,
  },
  {
    name: 'topo',
    summary: 'the wiring as a tree or a drawing',
    load: async () => (await import('./topo.ts')).TOPO_COMMAND,
  },
  {
    name: 'watch',
    summary: 'what changes, as it happens',
    load: async () => (await import('./watch.ts')).WATCH_COMMAND,
  },
  {
    name: 'path',
    summary: 'where a packet would go, and what stops it',
    load: async () => (await import('./path.ts')).PATH_COMMAND,
  },
  {
    name: 'trace',
    summary: 'where a real packet goes, beside the prediction',
    load: async () => (await import('./trace.ts')).TRACE_COMMAND,
  },
  {
    name: 'capture',
    summary: 'packets of several namespaces at once, as pcapng or as lines with names',
    load: async () => (await import('./capture.ts')).CAPTURE_COMMAND,
  },
  {
    name: 'matrix',
    summary: 'who can talk to whom, predicted for every pair',
    load: async () => (await import('./matrix.ts')).MATRIX_COMMAND,
  },
  {
    name: 'doctor',
    summary: 'what is broken or about to be, why, and what cures it',
    load: async () => (await import('./doctor.ts')).DOCTOR_COMMAND,
  },
  {
    name: 'dash',
    summary: 'live charts: rates, top talkers, drops, connection tracking, events',
    load: async () => (await import('./dash.ts')).DASH_COMMAND,
  },
  {
    name: 'report',
    summary: 'everything in one HTML page: a picture, findings, journeys, tables',
    load: async () => (await import('./report.ts')).REPORT_COMMAND,
  },
  {
    name: 'check',
    summary: 'health checks of files, for people, pipelines and monitoring',
    load: async () => (await import('./check.ts')).CHECK_COMMAND,
  },
  {
    name: 'ping',
    summary: 'latency and loss from one namespace to another',
    load: async () => (await import('./ping.ts')).PING_COMMAND,
  },
  {
    name: 'mtu',
    summary: 'the largest packet that arrives whole, beside the prediction',
    load: async () => (await import('./mtu.ts')).MTU_COMMAND,
  },
  {
    name: 'dns',
    summary: 'how a name is looked up in a namespace, server by server',
    load: async () => (await import('./dns.ts')).DNS_COMMAND,
  },
  {
    name: 'http',
    summary: 'one HTTP request, the time of each step, the certificate',
    load: async () => (await import('./http.ts')).HTTP_COMMAND,
  },
  {
    name: 'iperf',
    summary: 'the rate between two namespaces, or every pair, by iperf3',
    load: async () => (await import('./iperf.ts')).IPERF_COMMAND,
  },
  {
    name: 'enter',
    summary: 'a shell or a command inside a namespace',
    load: async () => (await import('./enter.ts')).ENTER_COMMAND,
  },
  {
    name: 'attach',
    summary: 'a container with these tools beside a running one',
    load: async () => (await import('./attach.ts')).ATTACH_COMMAND,
  },
  {
    name: 'driver',
    summary: 'networks for a Docker Engine, and what other drivers get wrong',
    load: async () => (await import('./driver.ts')).DRIVER_COMMAND,
  },
  {
    name: 'lab',
    summary: 'networks of hosts and containers on this machine, built and removed',
    load: async () => (await import('./lab.ts')).LAB_COMMAND,
  },
  {
    name: 'completion',
    summary: 'completion for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).COMPLETION_COMMAND,
  },
]

/** What the program does without a command. */
export async function loadDefault(): Promise<Command> {
  return (await import('./default.ts')).DEFAULT_COMMAND
}
