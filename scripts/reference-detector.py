"""Reference implementation of the method 'default' (docs/detection.md), independent of the Swift code.
Usage: FAULTLINE_DATASETS=DIR reference-detector.py OUTDIR     (scores the SMD and ASD entities in DIR, writes CSV)"""
import os, sys, json, numpy as np
from scipy.signal import lfilter

QS = (0.02, 0.005, 0.001)          # quantile levels of the normal band
CAP = 5.0                          # deviation cap, in band widths
SMOOTH = (1, 4, 16, 64, 256)       # trailing-mean horizons of the entity score
DAY = 86400.0
NBIN = 96                          # time-of-day bins
MIN_DAYS = 3                       # profile only if the training spans so many days
ADAPT_K, ADAPT_FRAC = 0.5, 0.1
LAM = 1e-2
ZCLIP = 8.0
NFOLD = 4

def tmean(a, w, strict=False):
    n = len(a); c = np.cumsum(np.concatenate([np.zeros((1,)+a.shape[1:]), a]), 0)
    i = np.arange(n); s = np.maximum(0, i+1-w); k = (i+1-s).astype(float).reshape((-1,)+(1,)*(a.ndim-1))
    m = (c[1:]-c[s])/k
    if strict: m[:min(w-1, n)] = np.nan
    return m
def tsum(a, w):
    n = len(a); c = np.cumsum(np.concatenate([np.zeros((1,)+a.shape[1:]), a]), 0); i = np.arange(n)
    return c[1:]-c[np.maximum(0, i+1-w)]
def sliding_std(a, w):
    s = np.full_like(a, np.nan)
    for j in range(a.shape[1]):
        if len(a) >= w: s[w-1:, j] = np.lib.stride_tricks.sliding_window_view(a[:, j], w).std(1)
    return s
def lag(a, h):
    b = np.full_like(a, np.nan)
    if h < len(a): b[h:] = a[:-h]
    return b
def ewma(a, tau, init):
    al = 1.0/tau
    y, _ = lfilter([al], [1, -(1-al)], a, axis=0, zi=((1-al)*init)[None]); return y

VIEWS = ['val', 'seas', 'val15', 'val60', 'hd1', 'hd3', 'hs10', 'hs30', 'hs100', 'hm60', 'hm240', 'ls15', 'ls60', 'xr0', 'xr3', 'xr30']
SINGLE = ['sm15', 'sm60', 'xm15', 'xm60', 'xs15', 'xs60']   # for surprises only
CAUSE = ['hd1', 'hd3', 'hs10', 'hs30', 'hs100', 'hm60', 'hm240', 'ls15', 'ls60']   # change views: root cause
def raw_views(x, s, model):
    """x = value, s = value minus time-of-day profile; NaN = not yet warm"""
    m60, m240 = tmean(s, 60, True), tmean(s, 240, True)
    V = {'val': x, 'seas': s if model['seasonal'] else None, 'val15': tmean(x, 15, True), 'val60': tmean(x, 60, True),
         'hd1': x-lag(x, 1), 'hd3': x-lag(x, 3), 'hs10': s-lag(s, 10), 'hs30': s-lag(s, 30), 'hs100': s-lag(s, 100),
         'hm60': m60-lag(m60, 60), 'hm240': m240-lag(m240, 240)}
    c = x-model['mu']
    for w in (15, 60):
        m = tmean(c, w, True); v = tmean(c*c, w, True)-m*m; v = np.where(v < 1e-10*model['sd']**2, 0.0, v)
        V['ls%d' % w] = np.log(np.sqrt(v)/model['sd']+1e-2)
    for h in (0, 3, 30):
        d = c if h == 0 else x-lag(x, h)
        z = d/model['xsd'][h]; V['xr%d' % h] = z+np.clip(z, -ZCLIP, ZCLIP)@model['xB'][h]
    # Views that only say how surprising a single metric is: averages over residuals.
    for w in (15, 60):
        if model['seasonal']: V['sm%d' % w] = tmean(s, w, True)
        V['xm%d' % w] = tmean(V['xr0'], w, True); V['xs%d' % w] = np.log(sliding_std(V['xr0'], w)+1e-2)
    return V

def phase(t): return (t % DAY)/DAY*NBIN
def profile_at(prof, t):
    ph = phase(t)-0.5; i0 = np.floor(ph).astype(int); f = (ph-i0)[:, None]
    return prof[i0 % NBIN]*(1-f)+prof[(i0+1) % NBIN]*f

def fit(x, t, mask=None):
    """x [n,F], t seconds, mask: rows that may be used for the statistics"""
    n, F = x.shape; mask = np.ones(n, bool) if mask is None else mask; X = x[mask]
    m = dict(n=n, F=F, mu=X.mean(0)); rng = X.max(0)-X.min(0); med = np.median(X, 0)
    m['floor'] = np.where(rng > 0, 1e-3*rng, np.maximum(1e-3*np.abs(med), 1e-6))
    sd = X.std(0); m['sd'] = np.maximum(sd, m['floor'])
    m['seasonal'] = bool((t[-1]-t[0])*n/(n-1) >= MIN_DAYS*DAY*(1-1e-9))
    if m['seasonal']:
        b = np.floor(phase(t)).astype(int) % NBIN
        P = np.full((NBIN, F), np.nan)
        for k in range(NBIN):
            r = mask & (b == k)
            if r.any(): P[k] = np.median(x[r], 0)
        bad = np.isnan(P[:, 0]); P[bad] = med; m['prof'] = P
    m['xsd'], m['xB'] = {}, {}
    for h in (0, 3, 30):
        if h == 0: d = X-m['mu']
        else:
            d = (x-lag(x, h)); ok = mask & np.r_[np.zeros(h, bool), mask[:-h]] if h < n else np.zeros(n, bool); d = d[ok]
        s2 = np.sqrt((d*d).mean(0)) if len(d) else np.zeros(F)
        m['xsd'][h] = np.maximum(s2, m['floor']) if h else m['sd']
        z = np.clip(d/m['xsd'][h], -ZCLIP, ZCLIP); C = z.T@z/max(1, len(z))
        Pm = np.linalg.inv(C+LAM*np.eye(F)); B = Pm/np.diag(Pm)[None, :]; np.fill_diagonal(B, 0.0)
        m['xB'][h] = B                    # residual_j = z_j + sum_k zc_k B[k,j]
    m['tau'] = max(200.0, ADAPT_FRAC*n)
    V = raw_views(x, seas_res(m, x, t), m); m['band'] = {}
    for v in VIEWS+SINGLE:
        if V.get(v) is None: continue
        a = V[v][mask]; a = a[~np.isnan(a[:, 0])]
        if len(a) < 50: continue
        fl = m['floor']
        if v.startswith(('ls', 'xm', 'xs')): fl = np.full(F, 1e-2)
        if v.startswith('xr'): fl = np.full(F, 1e-3)
        m['band'][v] = [(lo, hi, np.maximum(hi-lo, fl)) for q in QS for lo, hi in [(np.quantile(a, q, axis=0), np.quantile(a, 1-q, axis=0))]]
    return m
def seas_res(m, x, t): return x-profile_at(m['prof'], t) if m['seasonal'] else x

WIN = {'val15': 15, 'val60': 60, 'hm60': 60, 'hm240': 240, 'ls15': 15, 'ls60': 60,
       'sm15': 15, 'sm60': 60, 'xm15': 15, 'xm60': 60, 'xs15': 15, 'xs60': 60}   # others 1
ZDEV, ZCAP, ZW, ZTOP, TQ, TFLOOR, NEED = 100.0, 20.0, 16, 2, 0.999, 0.1, 100
def adapt(tau, M):
    e = ewma(M, tau, np.zeros(M.shape[1])); b = np.zeros_like(e); b[1:] = e[:-1]
    return np.maximum(0, M-ADAPT_K*b)
def evaluate(m, x, t):
    """M [n,F] metric score, C [n,F] cause score (both drift-adapted), B [nv,n,F] single-metric deviations"""
    V = raw_views(x, seas_res(m, x, t), m); M = np.zeros_like(x); C = np.zeros_like(x); B = []; G = m['G'] = {}
    for v, bands in m['band'].items():
        g = np.zeros_like(x)
        for q, (lo, hi, r) in zip(QS, bands):
            d = np.nan_to_num(np.maximum(0, np.maximum(lo-V[v], V[v]-hi))/r)
            g += np.minimum(d, CAP)
            if q == 0.005 and m['n'] >= NEED*WIN.get(v, 1): B.append(tmean(np.minimum(d, ZDEV), ZW))
        if v in SINGLE: continue
        g /= len(QS); M += g; G[v] = g
        if v in CAUSE: C += g
    nb = sum(v not in SINGLE for v in m['band']); nc = max(1, sum(v in CAUSE for v in m['band']))
    e = ewma(M/nb, m['tau'], np.zeros(M.shape[1])); m['habit'] = np.vstack([np.zeros(M.shape[1]), e[:-1]]); m['raw'] = M/nb
    M = adapt(m['tau'], M/nb); C = adapt(m['tau'], C/nc)
    return M, C+0.1*M, np.array(B)
def smooth(s): return sum(tmean(s, w) for w in SMOOTH)/len(SMOOTH)
def fast(s): return 0.5*(s+tmean(s, 4))
def padded(s): return 0.5*(s+tsum(s, 4)/4)   # before the first sample there was nothing

def heldout(x, t, k=NFOLD):
    """metric scores and single-metric deviations of every training row, by models that did not see its block"""
    n = len(x); M = np.zeros_like(x); B = None
    for f in range(k):
        a, b = f*n//k, (f+1)*n//k; mask = np.ones(n, bool); mask[a:b] = False
        m_, _, b_ = evaluate(fit(x, t, mask), x, t)
        M[a:b] = m_[a:b]
        if B is None: B = np.zeros_like(b_)
        B[:, a:b] = b_[:, a:b]
    return M, B
def zscore(m, B, T):
    """[n,F] drift-adapted mean of the ZTOP largest normalised view deviations; z = its maximum over metrics"""
    z = np.minimum(B/T[:, None, :], ZCAP); k = min(ZTOP, len(z))
    return adapt(m['tau'], np.sort(z, axis=0)[-k:].mean(0))

GAP, BUDGET, SHARE_A = 10, 1.0, 0.9
def segments(p):
    p = np.r_[0, np.asarray(p).astype(int), 0]; d = np.diff(p)
    return list(zip(np.nonzero(d == 1)[0], np.nonzero(d == -1)[0]-1))
def group(p, gap=GAP):
    o = []
    for a, b in segments(p):
        if o and a-o[-1][1]-1 <= gap: o[-1][1] = b
        else: o.append([a, b])
    return o
def offset(x, th, tau):
    e = ewma(np.minimum(x, th)[:, None], tau, np.zeros(1))[:, 0]; return np.r_[0, e[:-1]]
def pareto(pk):
    """shape and scale of excesses (generalised Pareto, probability-weighted moments); None without one"""
    pk = np.sort([v for v in pk if v > 0]); N = len(pk)
    if N == 0: return None
    b0 = pk.mean()
    if N < 5: return 0.0, b0
    b1 = np.sum(pk*(N-1-np.arange(N))/(N-1))/N; den = b0-2*b1
    if den <= 1e-12*b0: return 0.0, b0
    return float(np.clip(2-b0/den, -0.5, 0.5)), 2*b0*b1/den
def excess(g, s, r): return s/g*(r**(-g)-1) if abs(g) > 1e-6 else -s*np.log(r)
def pot(x, days, budget):
    """level that cluster maxima exceed budget times a day, and what a stream goes on with"""
    u = float(np.quantile(x, 0.98)); c = group(x > u); pk = np.array([x[a:b+1].max() for a, b in c])-u; N = len(pk)
    f = pareto(pk); r = budget*days/max(N, 1); at = [a for a, _ in c]
    th = u if f is None or r >= 1 else u+excess(*f, r)
    return float(th), dict(u=u, pk=list(pk), wait=list(np.diff([0]+at)), rest=len(x)-(at[-1] if c else 0), f=f, q=budget*days/len(x))
def threshold(x, days, budget, tau):
    th = float(np.quantile(x, 0.99))
    for _ in range(3): th, tail = pot(x-offset(x, th, tau), days, budget)
    k = 1+np.clip((7-days)/4, 0, 1)/2
    return th*k, dict(tail, factor=k, limit=th*k)
POOL, COUNTED, QUARANTINE = (50, 512), 2.0, 480
class Tail:
    """Peaks over threshold in a stream: the limit for the next sample"""
    def __init__(self, start):
        self.__dict__.update(start); self.floor = self.limit; self.size = min(max(len(self.pk), POOL[0]), POOL[1])
        self.pk, self.wait = self.pk[-POOL[1]:], self.wait[-POOL[1]:]; self.hold = int(min(QUARANTINE, 0.25/self.q))
        self.clock = self.left = 0; self.alarms = []; self.open = None
    def update(self, v, alarm, other):
        learning = self.left <= 0
        if v > self.u:
            if self.open is None: self.open = dict(top=v, lim=self.limit-self.u, hot=False, skip=not learning)
            self.open['top'] = max(self.open['top'], v); self.open['quiet'] = 0
        elif self.open:
            self.open['quiet'] += 1
            if self.open['quiet'] > GAP:
                done, self.open = self.open, None
                if not done['skip']: self.fit(done)
        if self.open: self.open['hot'] |= alarm; self.open['skip'] |= other
        if alarm or other: self.left = self.hold; return
        self.left = max(0, self.left-1)
        if learning and not (self.open and (self.open['hot'] or self.open['skip'])): self.rest += 1; self.clock += 1
    def fit(self, done):
        if done['hot']: self.alarms = (self.alarms+[(self.clock, done['lim'])])[-self.size:]
        else:
            self.pk = (self.pk+[done['top']-self.u])[-self.size:]; self.wait = (self.wait+[self.rest])[-self.size:]; self.rest = 0
        n = sum(self.wait)+self.rest; self.alarms = [a for a in self.alarms if a[0] > self.clock-n]
        k = int(min(len(self.alarms), COUNTED*self.q*n)+0.5); g, s = self.f or (0.0, 0.0)
        f = pareto(self.pk+[a+max(0.0, s+g*a)/(1-g) for _, a in (self.alarms[-k:] if k else [])])
        if f is None: return
        r = self.q*n/(len(self.pk)+k); self.f = f
        self.limit = min(max(self.floor, (self.u+(0.0 if r >= 1 else excess(*f, r)))*self.factor), self.floor+abs(self.floor))
def limits(m, f2, z2, oa, ob):
    """[n] limits of both alarms at each sample"""
    A, B = Tail(m['taila']), Tail(m['tailb']); out = np.zeros((2, len(f2)))
    for i in range(len(f2)):
        out[:, i] = A.limit, B.limit; a, b = f2[i]-oa[i] > A.limit, z2[i]-ob[i] > B.limit
        A.update(f2[i]-oa[i], a, b); B.update(z2[i]-ob[i], b, a)
    return out
def calibrate(m, x, t, day=DAY, budget=BUDGET):
    H, HB = heldout(x, t); dt = np.median(np.diff(t)); days = len(x)*dt/day
    m['tha'], m['taila'] = threshold(fast(H.mean(1)), days, SHARE_A*budget, m['tau'])
    m['T'] = np.maximum(np.quantile(HB, TQ, axis=1), TFLOOR)
    m['thb'], m['tailb'] = threshold(zscore(m, HB, m['T']).max(1), days, (1-SHARE_A)*budget, m['tau'])
    m['Hs'] = H.mean(1)
PULSE, REARM = 8, 60
def pulses(x):
    q = np.zeros(len(x), bool); last = on = -10**9
    for i in np.nonzero(x)[0]:
        if i-last > REARM: on = i
        last = i
        q[i] = i-on < PULSE
    return q
DEPARTURE, ANNOUNCEMENT, MEMORY, PAST = 1.5, 60, 480, ((17, 77), (197, 257), (437, 497))
LOOK = {'val': 1, 'seas': 1, 'hd1': 2, 'hd3': 4, 'hs10': 11, 'hs30': 31, 'hs100': 101, 'hm60': 120, 'hm240': 480, 'xr0': 1, 'xr3': 4, 'xr30': 31}
def back(m, s, Z):
    """[n,F] samples since a metric that surprised came back to where it was before, or from outside its range into it;
    huge: nothing to forgive"""
    n, F = s.shape; out = np.full((n, F), 10**9)
    if 'hs100' not in m['band']: return out
    lo, hi, _ = m['band']['hs100'][0]; rlo, rhi, _ = m['band'].get('seas', m['band']['val'])[0]; c = np.vstack([np.zeros(F), np.cumsum(s, 0)])
    def mean(a, b):
        a, b = max(0, a), max(0, b); return (c[b]-c[a])/(b-a) if b > a else np.full(F, np.nan)
    left, age, near, was = np.zeros(F, int), np.zeros(F, int), np.zeros(F, int), np.zeros(F, bool); o = [np.full(F, np.nan) for _ in PAST]
    for i in range(n):
        on = left > 0; age += on
        inside = (s[i] >= rlo) & (s[i] <= rhi); was |= ~inside
        p = np.any([(s[i]-q >= lo) & (s[i]-q <= hi) for q in o], axis=0) | (was & inside)
        near = np.where(on, np.where(p, near+1, 0), near); left = np.where(on, np.where(p, left-1, MEMORY), left)
        out[i] = np.where(on & p & (left > 0) & (age >= ANNOUNCEMENT), near, 10**9)
        new = (Z[i] >= DEPARTURE) & (left <= 0)
        if new.any():
            o = [np.where(new, mean(i-b+1, i-a+1), q) for (a, b), q in zip(PAST, o)]
            left = np.where(new, MEMORY, left); age = np.where(new, 0, age); near = np.where(new, 0, near)
            was = np.where(new, ~inside, was)
    return out
def score(m, x, t):
    M, C, B = evaluate(m, x, t); s = M.mean(1); S = smooth(s); f = fast(s); oa = offset(f, m['tha'], m['tau'])
    Z = zscore(m, B, m['T']); z = Z.max(1); ob = offset(z, m['thb'], m['tau']); R = back(m, seas_res(m, x, t), Z)
    # Without the views of a returned metric that look back at the time before.
    names = [v for v in m['band'] if m['n'] >= NEED*WIN.get(v, 1)]; look = lambda v: LOOK.get(v, WIN.get(v))
    M2 = m['raw']-sum(np.where(R < look(v), g, 0) for v, g in m['G'].items())/len(m['G'])
    f2 = padded(np.minimum(M, np.maximum(0, M2-ADAPT_K*m['habit'])).mean(1))
    y = np.minimum(B/m['T'][:, None, :], ZCAP); top = lambda y: np.sort(y, axis=0)[-min(ZTOP, len(y)):].mean(0)
    y2 = np.array([np.where(R < look(v)+ZW, 0, q) for v, q in zip(names, y)])
    e = ewma(top(y), m['tau'], np.zeros(x.shape[1])); e = np.vstack([np.zeros(x.shape[1]), e[:-1]])
    z2 = np.maximum(0, top(y2)-ADAPT_K*e).max(1)*np.minimum(1, np.arange(1, len(s)+1)/ZW)   # quiet before the first
    la, lb = limits(m, f2, z2, oa, ob); eff = la+oa
    thr = 0.4*(eff+f-f2)+0.2*(tmean(s, 16)+tmean(s, 64)+tmean(s, 256))     # S > thr  <=>  f2 > eff
    zt = lb+ob; a, b = f2 > eff, pulses(z2 > zt)
    thr = np.where(b & ~a & (S > 0), np.minimum(thr, S*np.maximum(0, zt)/np.maximum(z2, 1e-300)), thr)
    return dict(score=S, threshold=thr, alarmA=a, Z=Z, z=z, zthr=zt, alarmB=b, M=M, C=C, fast=f)

if __name__ == '__main__':
    import csv, glob
    root = os.environ['FAULTLINE_DATASETS']; out = sys.argv[1] if len(sys.argv) > 1 else 'out'
    def read(p):
        r = list(csv.reader(open(p))); h = r[0]; a = np.array(r[1:], float)
        k = [i for i, c in enumerate(h) if c not in ('index', 'timestamp', 'label')]
        return a[:, k], a[:, h.index('timestamp')], [h[i] for i in k]
    for st in ('smd', 'asd'):
        for p in sorted(glob.glob(f'{root}/{st}/*_train.csv')):
            e = os.path.basename(p)[:-10]; x, t, cols = read(p); y, u, _ = read(p.replace('_train', '_test'))
            m = fit(x, t); calibrate(m, x, t); r = score(m, y, u)
            os.makedirs(f'{out}/{st}', exist_ok=True)
            with open(f'{out}/{st}/{e}.csv', 'w') as f:
                f.write('index,score,threshold,alarm_entity,z,z_threshold,alarm_metric\n')
                for i in range(len(y)): f.write('%d,%.12g,%.12g,%d,%.12g,%.12g,%d\n' % (i, r['score'][i], r['threshold'][i], r['alarmA'][i], r['z'][i], r['zthr'][i], r['alarmB'][i]))
            causes = []
            for q in csv.DictReader(open(p.replace('_train', '_interpretation'))):
                a, b = int(q['start']), int(q['end_exclusive']); c = r['C'][a:b].mean(0); o = np.argsort(-c, kind='stable')
                causes.append(dict(start=a, end_exclusive=b, metrics=[[cols[j], float(c[j])] for j in o]))
            json.dump(causes, open(f'{out}/{st}/{e}.causes.json', 'w'))
            json.dump(dict(tha=m['tha'], thb=m['thb'], tau=m['tau']), open(f'{out}/{st}/{e}.model.json', 'w'))
            print(st, e, 'tha %.6g thb %.6g' % (m['tha'], m['thb']), flush=True)
