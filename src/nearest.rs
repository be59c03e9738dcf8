//! The nearest known word to a mistyped one: in configuration, environment and themes.

/// `; did you mean …?`, or nothing if no candidate is near.
pub fn hint<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    nearest(word, candidates.map(|it| (it, 0))).map_or_else(String::new, |it| format!("; did you mean {it}?"))
}

/// The candidate with the fewest wrong letters: at most about a third of its own, so that two swapped ones pass. The number beside each is its handicap.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = (&'a str, usize)>) -> Option<&'a str> {
    candidates
        .map(|(it, handicap)| (distance(word, it), handicap, it))
        .filter(|(wrong, _, it)| *wrong <= it.len().div_ceil(3))
        .min_by_key(|(wrong, handicap, _)| wrong + handicap)
        .map(|(_, _, it)| it)
}

/// How many letters have to be put in, taken out or changed. Looks at no more than 64 letters.
pub fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().take(64).count()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut left = i + 1;
        let above = row.iter().zip(row.iter().skip(1));
        let rest = above.zip(b.chars()).map(|((diagonal, above), y)| {
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            left
        });
        row = std::iter::once(i + 1).chain(rest.collect::<Vec<_>>()).collect();
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_out_and_changed_count_one_each() {
        for (a, b, wrong) in [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("theme", "theme", 0), ("theem", "theme", 2)] {
            assert_eq!(distance(a, b), wrong, "{a} {b}");
        }
        assert_eq!((distance("adresses", "addresses"), distance("kitten", "sitting")), (1, 3));
    }

    #[test]
    fn only_what_is_near_is_offered() {
        assert_eq!(hint("thme", ["theme", "stack"].into_iter()), "; did you mean theme?");
        assert_eq!(hint("theem", ["theme", "stack"].into_iter()), "; did you mean theme?");
        assert_eq!(hint("perhaps", ["true", "false"].into_iter()), "");
    }
}
