# One page of the site: HTML as cmark-gfm writes it, with anchors, links within the site,
# and what the page holds written down for the checks and the search.
#
# -v source=docs/x.md -v page=docs/x.html -v work=FOLDER
# Appends to FOLDER/links  SOURCE TARGET ANCHOR AS-WRITTEN   (ANCHOR - for none)
#            FOLDER/anchors SOURCE ANCHOR
#            FOLDER/words  [page, anchor, heading, "text"], for search.js

function plain(html)
{
    gsub(/<[^>]*>/, "", html)
    gsub(/&lt;/, "<", html)
    gsub(/&gt;/, ">", html)
    gsub(/&quot;/, "\"", html)
    gsub(/&amp;/, "\\&", html)
    return html
}

# The anchor of a heading, as GitHub makes it.
function slug(html,    s)
{
    s = tolower(plain(html))
    gsub(/[^a-z0-9 _-]/, "", s)
    gsub(/ /, "-", s)
    if (seen[s]++)
        s = s "-" (seen[s] - 1)
    return s
}

function quoted(text)
{
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/[\t\n\r ]+/, " ", text)
    return "\"" text "\""
}

function keep_words()
{
    if (heading != "")
        print "[" quoted(page) ", " quoted(anchor) ", " quoted(title) ", " quoted(heading) ", " \
              quoted(words) "]," >> (work "/words")
    words = ""
}

# A link as written to one within the site.
function resolve(link,    target, at, folder, from)
{
    if (link ~ /^[a-z]+:/)
        return link
    from = ""
    at = index(link, "#")
    target = link
    if (at) {
        from = substr(link, at + 1)
        target = substr(link, 1, at - 1)
    }
    if (target == "") {
        print source, source, from, link >> (work "/links")
        return link
    }
    if (target ~ /\/$/)
        target = target "README.md"
    folder = source
    if (!sub(/[^\/]*$/, "", folder))
        folder = ""
    at = folder target
    while (sub(/[^\/]+\/\.\.\//, "", at))
        ;
    print source, at, (from == "" ? "-" : from), link >> (work "/links")
    if (at == "README.md")
        sub(/\.md$/, ".html", target)
    else if (target ~ /README\.md$/)
        sub(/README\.md$/, "index.html", target)
    else if (target ~ /\.md$/)
        sub(/\.md$/, ".html", target)
    else if (target !~ /\.(svg|png)$/)
        target = target ".html"
    return target (from == "" ? "" : "#" from)
}

function links(line,    out, link)
{
    out = ""
    while (match(line, /(href|src)="[^"]*"/)) {
        link = substr(line, RSTART, RLENGTH)
        out = out substr(line, 1, RSTART - 1)
        line = substr(line, RSTART + RLENGTH)
        at_quote = index(link, "\"")
        out = out substr(link, 1, at_quote) \
              resolve(substr(link, at_quote + 1, length(link) - at_quote - 1)) "\""
    }
    return out line
}

/^<h[1-6]>/ {
    level = substr($0, 3, 1)
    text = $0
    sub(/^<h[1-6]>/, "", text)
    sub(/<\/h[1-6]>$/, "", text)
    keep_words()
    anchor = slug(text)
    heading = plain(text)
    if (level == 1 && title == "")
        title = heading
    print source, anchor >> (work "/anchors")
    printf "<h%s id=\"%s\"><a href=\"#%s\">%s</a></h%s>\n", level, anchor, anchor, text, level
    next
}
{
    words = words " " plain($0)
    print links($0)
}
END { keep_words() }
