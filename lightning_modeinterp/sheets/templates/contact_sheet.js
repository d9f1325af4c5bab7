const figures = [...document.querySelectorAll('figure')]
const came = new Map(figures.map((each, number) => [each, number]))
const scores = new Map(figures.map(each => [each, JSON.parse(each.dataset.scores)]))
const by = document.getElementById('by')
const place = 'labels of ' + document.title
let kept = {}
try { kept = JSON.parse(localStorage.getItem(place)) || {} } catch { }
let here = Math.max(0, figures.findIndex(each => !kept[each.dataset.key]))
function show() {
  figures.forEach((each, number) => {
    const label = kept[each.dataset.key] || ''
    each.querySelector('b').textContent = label
    each.classList.toggle('labelled', label !== '')
    each.classList.toggle('here', number === here)
  })
  const done = figures.filter(each => kept[each.dataset.key]).length
  document.getElementById('count').textContent = done + ' of ' + figures.length + ' labelled'
  try { localStorage.setItem(place, JSON.stringify(kept)) } catch { }
}
function go(step) {
  here = Math.min(figures.length - 1, Math.max(0, here + step))
  figures[here].scrollIntoView({ block: 'nearest' })
  show()
}
function value(each, name) { return scores.get(each)[name] ?? Infinity }
function sort() {
  const sign = by.value[0] === '-' ? -1 : 1, name = by.value.slice(1), chosen = figures[here]
  figures.sort((a, b) => (name ? sign * (value(a, name) - value(b, name)) : 0) || came.get(a) - came.get(b))
  document.querySelector('main').append(...figures)
  for (const each of figures) {
    each.querySelector('small').textContent = name ? (scores.get(each)[name]?.toPrecision(4) ?? 'no number') : ''
  }
  here = figures.indexOf(chosen)
}
function label(key) { kept[figures[here].dataset.key] = labels[key]; go(1) }
function clear() { delete kept[figures[here].dataset.key]; show() }
function quoted(text) { return '"' + text.replaceAll('"', '""') + '"' }
function save() {
  const rows = figures.map(each => [each.dataset.name, each.dataset.key, kept[each.dataset.key] || ''])
  const text = [['name', 'key', 'label'], ...rows].map(row => row.map(quoted).join(',') + '\r\n').join('')
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }))
  link.download = 'labels.csv'
  document.body.append(link); link.click(); link.remove()
}
figures.forEach(each => each.addEventListener('click', () => { here = figures.indexOf(each); show() }))
for (const each of document.querySelectorAll('button[data-key]')) {
  each.addEventListener('click', () => label(each.dataset.key))
}
document.getElementById('clear').addEventListener('click', clear)
document.getElementById('save').addEventListener('click', save)
document.addEventListener('keydown', event => {
  if (event.target === by) return  // it is walked through by keys of its own
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key in labels) label(event.key)
  else if (event.key === 'ArrowRight') go(1)
  else if (event.key === 'ArrowLeft') go(-1)
  else if (event.key === 'Backspace') clear()
  else return
  event.preventDefault()
})
const bar = document.querySelector('nav')
new ResizeObserver(() => {  // what is chosen does not lie behind the bar
  document.documentElement.style.scrollPaddingBottom = bar.offsetHeight + 8 + 'px'
}).observe(bar)
if (by) {
  by.addEventListener('change', () => { sort(); go(0); by.blur() })  // so that keys label again
  sort()
  here = Math.max(0, figures.findIndex(each => !kept[each.dataset.key]))
}
show()
