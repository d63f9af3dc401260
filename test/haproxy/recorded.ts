import { readFileSync } from 'node:fs';

/**
 * Replies of versions that are not installed here, built from their column lists. Where a list comes from is said
 * beside it; which fields are empty is as HAProxy 2.6.12 leaves them.
 */

/** Columns of `show stat` that 2.4 has and that every later version begins with (src/stats.c, stat_fields). */
const columns24 = (
  'pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp wretr wredis status weight act bck chkfail ' +
  'chkdown lastchg downtime qlimit pid iid sid throttle lbtot tracked type rate rate_lim rate_max check_status check_code ' +
  'check_duration hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_rate req_rate_max req_tot cli_abrt ' +
  'srv_abrt comp_in comp_out comp_byp comp_rsp lastsess last_chk last_agt qtime ctime rtime ttime agent_status agent_code ' +
  'agent_duration check_desc agent_desc check_rise check_fall check_health agent_rise agent_fall agent_health addr cookie ' +
  'mode algo conn_rate conn_rate_max conn_tot intercepted dcon dses wrew connect reuse cache_lookups cache_hits srv_icur ' +
  'src_ilim qtime_max ctime_max rtime_max ttime_max eint idle_conn_cur safe_conn_cur used_conn_cur need_conn_est uweight'
).split(' ');
const aggregates = ['agg_server_status', 'agg_server_check_status', 'agg_check_status'];
const protocols = 'srid sess_other h1sess h2sess h3sess req_other h1req h2req h3req proto'.split(' ');
const modules = ['-', 'ssl_sess', 'ssl_reused_sess', 'ssl_failed_handshake', 'h2_headers_rcvd', 'h1_open_connections'];

export const statColumns: Readonly<Record<string, readonly string[]>> = {
  // 2.4's src/stats.c: uweight is the last one before those of modules
  '2.4': [...columns24, ...modules],
  // recorded from 2.6.12
  '2.6': [...columns24, ...aggregates, ...modules],
  // printed by 2.9.6 on FreeBSD, in a published tutorial
  '2.9': [...columns24, ...aggregates, ...protocols, ...modules],
  // printed by a version with the byte counters of 3.3, in a published test
  '3.3': [
    ...columns24,
    ...aggregates,
    ...protocols,
    'priv_idle_cur',
    'reqbin',
    'reqbout',
    'resbin',
    'resbout',
    ...modules,
  ],
};

const zeros = Object.fromEntries(
  'qcur scur stot econ eresp wretr wredis hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other bck lastchg'
    .split(' ')
    .map((column) => [column, '0']),
);

export type Fields = Readonly<Record<string, string>>;

/** A `show stat` reply with the given rows: fields that are not given are 0 or empty, as HAProxy would have them. */
export function statReply(columns: readonly string[], rows: readonly Fields[]): string {
  const lines = rows.map((row) => columns.map((column) => row[column] ?? zeros[column] ?? (column === '-' ? '-' : '')));
  return `# ${[columns, ...lines].map((line) => `${line.join(',')},`).join('\n')}\n\n`;
}

export const statRows: readonly Fields[] = [
  { pxname: 'http', svname: 'FRONTEND', type: '0', status: 'OPEN', mode: 'http', bck: '', lastchg: '', econ: '' },
  {
    pxname: 'web',
    svname: 's1',
    type: '2',
    status: 'UP 1/3',
    weight: '50',
    uweight: '100',
    throttle: '50',
    scur: '3',
    qcur: '2',
    slim: '40',
    stot: '1234',
    hrsp_2xx: '1000',
    hrsp_5xx: '7',
    econ: '4',
    eresp: '5',
    wretr: '8',
    wredis: '6',
    lastchg: '60',
    agent_status: 'L7OK',
    mode: 'http',
    // an agent's or a check's own words, quoted by HAProxy
    last_chk: '"a ""b"", c\nd"',
  },
  {
    pxname: 'web',
    svname: 's2',
    type: '2',
    status: 'DOWN',
    weight: '9',
    uweight: '9',
    bck: '1',
    lastchg: '5',
    mode: 'http',
  },
  {
    pxname: 'web',
    svname: 'BACKEND',
    type: '1',
    slim: '5000',
    status: 'UP',
    weight: '50',
    uweight: '100',
    algo: 'leastconn',
    mode: 'http',
  },
  { pxname: 'web', svname: 'sock-1', type: '3', status: 'OPEN', mode: 'http', bck: '' },
];

/** `show servers state` has had these columns since 2.4; 2.8.9 prints the same line. Older manuals write bkd_f_forced_id. */
export const stateReply = [
  '1',
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port',
  '3 web 1 s1 10.0.0.1 2 0 7 100 33 6 3 4 6 0 0 0 - 8080 - 0 0 - - 0',
  '3 web 2 s2 2001:db8::1 0 5 0 1 0 1 0 0 14 0 0 0 app.example.org 80 - 1 0 - - 0',
  '4 api 1 s3 - 3 24 256 256 1 1 0 2 0 0 0 0 - 0 - 0 0 - - 0',
  '',
  '',
].join('\n');

/** A reply or a configuration as it was seen in the field: a file of the folder `field`. */
export function field(name: string): string {
  return readFileSync(new URL(`field/${name}`, import.meta.url), 'utf8');
}

export const columns26 = statColumns['2.6'] ?? [];
export const infoReply = 'Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nPid: 42\nUptime_sec: 7\nnode: a: b\n\n';
