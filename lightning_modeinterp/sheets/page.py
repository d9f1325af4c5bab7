"""The page of a contact sheet, around the images."""

PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>
body { font: 15px system-ui, sans-serif; margin: 0 0 7rem; background: #fff; color: #222 }
header { padding: .7rem 1rem }
main { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 6px; padding: 0 8px }
figure { margin: 0; border: 3px solid #ddd; text-align: center; cursor: pointer }
figure.labelled { border-color: #4a9 }
figure.here { outline: 3px solid #d62 }
img { width: 100%; image-rendering: pixelated; display: block }
figcaption { min-height: 1.4em }
figcaption i { color: #999; font-size: .8em }
figcaption small { display: block; color: #555; font-variant-numeric: tabular-nums }
select { font: inherit; max-width: 100%; padding: .3rem }
nav { position: fixed; bottom: 0; left: 0; right: 0; background: #f4f4f4; padding: .5rem }
nav { display: flex; flex-wrap: wrap; gap: .4rem }
button { font: inherit; padding: .5rem .7rem; min-width: 2.8rem }
</style>
<header><b>$title</b> <span id="count"></span><br>
Choose an image, then press a key or a button; the next one is chosen. Arrows move,
Backspace takes a label away.
<div>$note</div>$sorting</header>
<main>
$figures
</main>
<nav>$buttons<button id="clear">none</button><button id="save">save CSV</button></nav>
<script>
const labels = $labels
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
  go(0)
}
function label(key) { kept[figures[here].dataset.key] = labels[key]; go(1) }
function clear() { delete kept[figures[here].dataset.key]; show() }
function quoted(text) { return '"' + text.replaceAll('"', '""') + '"' }
function save() {
  const rows = figures.map(each => [each.dataset.name, each.dataset.key, kept[each.dataset.key] || ''])
  const text = [['name', 'key', 'label'], ...rows].map(row => row.map(quoted).join(',') + '\\r\\n').join('')
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
  if (event.ctrlKey || event.metaKey || event.altKey) return
  if (event.key in labels) label(event.key)
  else if (event.key === 'ArrowRight') go(1)
  else if (event.key === 'ArrowLeft') go(-1)
  else if (event.key === 'Backspace') clear()
  else return
  event.preventDefault()
})
if (by) {
  by.addEventListener('change', sort)
  sort()
  here = Math.max(0, figures.findIndex(each => !kept[each.dataset.key]))
}
show()
</script>
</html>
"""
