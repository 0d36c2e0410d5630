/// How much more a thing of a rare class is worth than one of the most frequent class.
public enum Rarity {
    /// 1 for the most frequent class, and 1 more for each time that three times as many had to be there.
    public static func factor(count: Int, most: Int) -> Double {
        guard count > 0, most > count else { return 1 }
        return 1 + Logarithm.natural(Double(most) / Double(count)) / Logarithm.natural(3)
    }
}
